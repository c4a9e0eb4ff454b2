//! Contracts, a decoder of COPY BINARY, and short cuts.

use engine::landing::{Batch, Contract, DataType, LandingError, Limits, read};

pub const LIMITS: Limits =
    Limits { max_field_bytes: 1 << 20, max_memory_bytes: 256 << 20, max_kept_rejects: 1000 };

const MAINTENANCE: &str = r#"[
 {"name":"udi","type":"integer","headers":["UDI","UID"],"required":true,"nullable":false},
 {"name":"product_id","type":"text","headers":["Product ID"],"nullable":false},
 {"name":"type","type":"text","headers":["Type"]},
 {"name":"air_temperature_k","type":"float8","headers":["Air temperature [K]"]},
 {"name":"process_temperature_k","type":"float8","headers":["Process temperature [K]"]},
 {"name":"rotational_speed_rpm","type":"float8","headers":["Rotational speed [rpm]"]},
 {"name":"torque_nm","type":"float8","headers":["Torque [Nm]"]},
 {"name":"tool_wear_min","type":"float8","headers":["Tool wear [min]"]},
 {"name":"machine_failure","type":"boolean","headers":["Machine failure"]},
 {"name":"twf","type":"boolean","headers":["TWF"]},
 {"name":"hdf","type":"boolean","headers":["HDF"]},
 {"name":"pwf","type":"boolean","headers":["PWF"]},
 {"name":"osf","type":"boolean","headers":["OSF"]},
 {"name":"rnf","type":"boolean","headers":["RNF"]},
 {"name":"read_at","type":"timestamp","headers":["Read at"],"required":false},
 {"name":"line_code","type":"text","headers":["Line"],"required":false}]"#;

pub fn contract(columns: &str) -> Contract {
    let tokens = ["", "NA", "N/A", "NaN", "null", "NULL"];
    Contract::from_json("sample", columns, tokens.map(str::to_owned).to_vec()).unwrap()
}

pub fn maintenance() -> Contract {
    contract(MAINTENANCE)
}

pub fn quality(last_sensor: u32) -> Contract {
    contract(&format!(
        r#"[{{"name":"inspected_at","type":"timestamp","headers":["Time"]}},
            {{"name":"sensors","type":"float8[]","header_range":{{"from":0,"to":{last_sensor}}}}},
            {{"name":"passed","type":"boolean","headers":["Pass/Fail"],"nullable":false,
              "values":{{"-1":"true","1":"false"}}}}]"#
    ))
}

pub fn load(bytes: &[u8], contract: &Contract) -> Result<Batch, LandingError> {
    read(bytes, contract, &LIMITS, 7, &mut || false)
}

#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Null,
    Int(i64),
    Float(f64),
    Bool(bool),
    Text(String),
    Array(Vec<Option<f64>>),
}

/// A walk over big-endian bytes that fails where the stream is short.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> &'a [u8] {
        let (head, tail) = self.0.split_at(count);
        self.0 = tail;
        head
    }
    fn i16(&mut self) -> i16 {
        i16::from_be_bytes(self.take(2).try_into().unwrap())
    }
    fn i32(&mut self) -> i32 {
        i32::from_be_bytes(self.take(4).try_into().unwrap())
    }
}

/// Rows of a stream as `(line_number, values of the contract's columns)`; every length is checked.
pub fn decode(batch: &Batch, contract: &Contract) -> Vec<(i64, Vec<Value>)> {
    let mut cursor = Cursor(&batch.copy);
    assert_eq!(cursor.take(11), b"PGCOPY\n\xff\r\n\0");
    assert_eq!((cursor.i32(), cursor.i32()), (0, 0));
    let mut rows = Vec::new();
    loop {
        let fields = cursor.i16();
        if fields == -1 {
            break;
        }
        assert_eq!(fields as usize, contract.columns.len() + 2);
        assert_eq!((cursor.i32(), cursor.i32()), (4, 7), "file_id");
        assert_eq!(cursor.i32(), 8);
        let line = i64::from_be_bytes(cursor.take(8).try_into().unwrap());
        let values = contract.columns.iter().map(|column| match cursor.i32() {
            -1 => Value::Null,
            length => value(cursor.take(length as usize), column.data_type),
        });
        rows.push((line, values.collect()));
    }
    assert!(cursor.0.is_empty(), "bytes after the trailer");
    assert_eq!(rows.len() as u64, batch.rows_loaded);
    assert_eq!(batch.rows_read, batch.rows_loaded + batch.rows_rejected);
    rows
}

fn value(bytes: &[u8], data_type: DataType) -> Value {
    match data_type {
        DataType::Text => Value::Text(String::from_utf8(bytes.to_vec()).unwrap()),
        DataType::Integer | DataType::Date => {
            Value::Int(i64::from(i32::from_be_bytes(bytes.try_into().unwrap())))
        }
        DataType::Bigint | DataType::Timestamp => Value::Int(i64::from_be_bytes(bytes.try_into().unwrap())),
        DataType::Float8 => Value::Float(f64::from_be_bytes(bytes.try_into().unwrap())),
        DataType::Boolean => match bytes {
            [flag @ 0..=1] => Value::Bool(*flag == 1),
            other => panic!("not a bool: {other:?}"),
        },
        DataType::Float8Array => array(bytes),
    }
}

fn array(bytes: &[u8]) -> Value {
    let mut cursor = Cursor(bytes);
    let (dimensions, has_null, oid) = (cursor.i32(), cursor.i32(), cursor.i32());
    let (length, lower) = (cursor.i32(), cursor.i32());
    assert_eq!((dimensions, oid, lower), (1, 701, 1));
    let elements: Vec<_> = (0..length)
        .map(|_| match cursor.i32() {
            -1 => None,
            8 => Some(f64::from_be_bytes(cursor.take(8).try_into().unwrap())),
            other => panic!("element of {other} bytes"),
        })
        .collect();
    assert!(cursor.0.is_empty());
    assert_eq!(has_null == 1, elements.contains(&None));
    Value::Array(elements)
}

/// `(line, column, rule, sqlstate)` of each reject.
pub fn refusals(batch: &Batch) -> Vec<(u64, &str, &str, &str)> {
    batch
        .rejects
        .iter()
        .map(|r| (r.line_number, r.column_name.as_deref().unwrap_or(""), r.rule, r.sqlstate))
        .collect()
}
