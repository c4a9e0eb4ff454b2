//! Rows: values, rejects, quotes, limits.

use engine::error::Explain;
use engine::landing::{LandingError, Limits, digest, read};

use crate::support::{LIMITS, Value, contract, decode, load, quality, refusals};

const TYPES: &str = r#"[{"name":"i","type":"integer"},{"name":"b","type":"bigint"},{"name":"f","type":"float8"},
 {"name":"flag","type":"boolean"},{"name":"d","type":"date"},{"name":"ts","type":"timestamp"},{"name":"t","type":"text"}]"#;
const TEXTS: &str = r#"[{"name":"a","type":"text","nullable":false},{"name":"b","type":"text"}]"#;

/// One row with `value` in `column` of TYPES and NULL elsewhere: the value, or the reject's rule and SQLSTATE.
fn one(column: &str, value: &str) -> Result<Value, (&'static str, &'static str)> {
    let contract = contract(TYPES);
    let at = contract.columns.iter().position(|spec| spec.name == column).unwrap();
    let mut fields = vec!["NA"; contract.columns.len()];
    fields[at] = value;
    let batch = load(format!("i,b,f,flag,d,ts,t\n{}\n", fields.join(",")).as_bytes(), &contract).unwrap();
    match batch.rejects.first() {
        Some(reject) => {
            assert_eq!(reject.column_name.as_deref(), Some(column));
            Err((reject.rule, reject.sqlstate))
        }
        None => Ok(decode(&batch, &contract)[0].1[at].clone()),
    }
}

#[test]
fn integers() {
    for (text, value) in [("1551", 1551), ("1551.0", 1551), (" +7 ", 7), ("-2147483648", -2147483648)] {
        assert_eq!(one("i", text), Ok(Value::Int(value)), "{text}");
    }
    assert_eq!(one("b", "-9223372036854775808"), Ok(Value::Int(i64::MIN)));
    assert_eq!(one("b", "9007199254740993.00"), Ok(Value::Int(9007199254740993)));
    for text in ["2147483648", "99999999999999999999"] {
        assert_eq!(one("i", text), Err(("out_of_range", "22003")), "{text}");
    }
    assert_eq!(one("b", "9223372036854775808"), Err(("out_of_range", "22003")));
    for text in ["1551.5", "1e3", "0x10", "-", "1 000", ".", ".0", "1,5x"] {
        if !text.contains(',') {
            assert_eq!(one("i", text), Err(("type_integer", "22P02")), "{text}");
        }
    }
}

#[test]
fn floats() {
    for (text, value) in [("298.1", 298.1), ("-5419", -5419.0), (".5", 0.5), ("1e308", 1e308), ("0e0", 0.0)] {
        assert_eq!(one("f", text), Ok(Value::Float(value)), "{text}");
    }
    assert_eq!(one("f", "NaN"), Ok(Value::Null), "a null token");
    for text in ["1e400", "-1e400", "1e-400"] {
        assert_eq!(one("f", text), Err(("out_of_range", "22003")), "{text}");
    }
    for text in ["nan", "inf", "-Infinity"] {
        assert_eq!(one("f", text), Err(("not_finite", "22003")), "{text}");
    }
    for text in ["abc", "1.2.3", "1_0", "--1", "1 2"] {
        assert_eq!(one("f", text), Err(("type_float8", "22P02")), "{text}");
    }
}

#[test]
fn booleans() {
    for text in ["1", "true", "T", "Yes"] {
        assert_eq!(one("flag", text), Ok(Value::Bool(true)), "{text}");
    }
    for text in ["0", "FALSE", "f", "no"] {
        assert_eq!(one("flag", text), Ok(Value::Bool(false)), "{text}");
    }
    assert_eq!(one("flag", "2"), Err(("type_boolean", "22P02")));
}

#[test]
fn dates_and_times() {
    for (text, days) in [("2000-01-01", 0), ("1999-12-31", -1), ("2024-02-29", 8825), ("0001-01-01", -730119)]
    {
        assert_eq!(one("d", text), Ok(Value::Int(days)), "{text}");
    }
    for text in ["2023-02-29", "0000-00-00", "2024-13-01", "2024-04-31"] {
        assert_eq!(one("d", text), Err(("date_range", "22008")), "{text}");
    }
    for text in ["01.02.2024", "2024-1-01", "2024-01-01 ", "2024-01-01 00:00"] {
        let expected = if text.trim().len() == 10 && text.starts_with("20") {
            Ok(Value::Int(8766))
        } else {
            Err(("type_date", "22007"))
        };
        assert_eq!(one("d", text), expected, "{text}");
    }
    let noon = 8766 * 86_400_000_000i64 + 43_200_000_000;
    for (text, us) in [
        ("2024-01-01 12:00", noon),
        ("2024-01-01T12:00:07", noon + 7_000_000),
        ("2024-01-01 12:00:00.25", noon + 250_000),
        ("1999-12-31 23:59:59", -1_000_000),
    ] {
        assert_eq!(one("ts", text), Ok(Value::Int(us)), "{text}");
    }
    for text in ["2024-01-01 24:00", "2024-01-01 12:60", "2024-02-30 12:00"] {
        assert_eq!(one("ts", text), Err(("timestamp_range", "22008")), "{text}");
    }
    for text in
        ["2024-01-01", "2024-01-01 12:00Z", "2024-01-01 12:00:00+02", "2024-01-01 1:00", "é024-01-01 12:00"]
    {
        assert_eq!(one("ts", text), Err(("type_timestamp", "22007")), "{text}");
    }
}

/// Day numbers agree with an independent calendar over four centuries.
#[test]
fn dates_agree_with_jiff() {
    let epoch = jiff::civil::date(2000, 1, 1);
    let days: Vec<_> = epoch.series(jiff::Span::new().days(1)).take(146_100).collect();
    let contract = contract(r#"[{"name":"d","type":"date"},{"name":"e","type":"date"}]"#);
    let mut text = String::from("d,e\n");
    for day in &days {
        text.push_str(&format!("{day},{day}\n"));
    }
    let rows = decode(&load(text.as_bytes(), &contract).unwrap(), &contract);
    assert_eq!(rows.len(), days.len());
    for (index, (_, values)) in rows.iter().enumerate() {
        assert_eq!(values[0], Value::Int(index as i64));
    }
}

#[test]
fn values_map_is_closed_for_booleans() {
    let contract = quality(1);
    let text = "Time,0,1,Pass/Fail\n\
                2008-07-19 11:55:00,1.5,,-1\n\
                2008-07-19 11:56:00,,NaN, 1 \n\
                2008-07-19 11:57:00,1,2,0\n\
                2008-07-19 11:58:00,1,2,\n\
                2008-07-19 11:59:00,1,2,true\n\
                ,x,2,1\n";
    let batch = load(text.as_bytes(), &contract).unwrap();
    let rows = decode(&batch, &contract);
    assert_eq!(rows[0].1[1..], [Value::Array(vec![Some(1.5), None]), Value::Bool(true)]);
    assert_eq!(rows[1].1[1..], [Value::Array(vec![None, None]), Value::Bool(false)]);
    assert_eq!(
        rows[2],
        (6, vec![Value::Int(rows_time(119)), Value::Array(vec![Some(1.0), Some(2.0)]), Value::Bool(true)])
    );
    assert_eq!(
        refusals(&batch),
        [
            (4, "passed", "accepted_values", "22023"),
            (5, "passed", "not_null", "23502"),
            (7, "sensors", "type_float8", "22P02")
        ]
    );
    assert!(batch.rejects[2].message.contains("field 2: \"x\""), "{}", batch.rejects[2].message);
}

/// Microseconds of 2008-07-19 10:00 and some minutes.
fn rows_time(minutes: i64) -> i64 {
    (3122 * 86_400 + 10 * 3600 + minutes * 60) * 1_000_000
}

#[test]
fn one_bad_row_stops_nothing() {
    let contract = contract(TEXTS);
    let bytes = b"\xef\xbb\xbfa,b\r\n1,one\r\n2\r\n\r\n , \r\n3,x,y\r\n4,caf\xe9\r\n5,nul\0\r\nNA,x\r\n6,six";
    let batch = load(bytes, &contract).unwrap();
    let kept: Vec<_> = decode(&batch, &contract).iter().map(|(line, _)| *line).collect();
    assert_eq!(kept, [2, 10]);
    assert_eq!(
        refusals(&batch),
        [
            (3, "", "field_count", "22P04"),
            (6, "", "field_count", "22P04"),
            (7, "b", "encoding", "22021"),
            (8, "b", "encoding", "22021"),
            (9, "a", "not_null", "23502")
        ]
    );
    for reject in &batch.rejects {
        let at = reject.byte_offset as usize;
        assert_eq!(&bytes[at..at + reject.raw_line.len()], reject.raw_line);
        assert_eq!(bytes[..at].iter().filter(|&&b| b == b'\n').count() as u64 + 1, reject.line_number);
    }
    assert_eq!(batch.columns, ["file_id", "line_number", "a", "b"]);
}

#[test]
fn quotes() {
    let contract = contract(TEXTS);
    let text = "a,b\n\"x,1\",\"two\nlines\"\r\n\"say \"\"hi\"\"\",y\"z\n\"é\",\"\"\nplain,row\n";
    let rows = decode(&load(text.as_bytes(), &contract).unwrap(), &contract);
    let text = |text: &str| Value::Text(text.to_owned());
    assert_eq!(
        rows,
        [
            (2, vec![text("x,1"), text("two\nlines")]),
            (4, vec![text("say \"hi\""), text("y\"z")]),
            (5, vec![text("é"), Value::Null]),
            (6, vec![text("plain"), text("row")])
        ]
    );
}

#[test]
fn unclosed_quote_costs_its_line_only() {
    let contract = contract(TEXTS);
    let batch = load(b"a,b\n1,x\n2,\"open\n3,y\n4,z\n", &contract).unwrap();
    assert_eq!(decode(&batch, &contract).iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 4, 5]);
    assert_eq!(refusals(&batch), [(3, "", "unterminated_quote", "22P04")]);
    assert_eq!(batch.rejects[0].raw_line, b"2,\"open");
}

/// Each line opens a quote that the next closes and opens again: reading must not cost the square of the file.
#[test]
fn many_unclosed_quotes_end_soon() {
    let text = format!("a,b\n{}", "a\"b,\"x\n".repeat(300_000));
    let error = load(text.as_bytes(), &contract(TEXTS)).unwrap_err();
    assert!(
        matches!(&error, LandingError::Dialect { problem } if problem.contains("never closed")),
        "{error}"
    );
}

#[test]
fn a_split_character_is_not_joined_over_two_quoted_fields() {
    let batch = load(b"a,b\n\"x\xc3\",\"\xa9y\"\n", &contract(TEXTS)).unwrap();
    assert_eq!(refusals(&batch), [(2, "a", "encoding", "22021")]);
}

#[test]
fn limits() {
    let contract = contract(TEXTS);
    let small = Limits { max_field_bytes: 8, max_memory_bytes: 1 << 20, max_kept_rejects: 2 };
    let text = "a,b\n12345678,x\n123456789,x\n\"123456789\nabc\",x\n1,\"22222222\"\n1,\"333333333\"\n1,ok\n";
    let batch = read(text.as_bytes(), &contract, &small, 7, &mut || false).unwrap();
    assert_eq!(decode(&batch, &contract).iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 6, 8]);
    assert_eq!(batch.rows_rejected, 3);
    assert_eq!(refusals(&batch), [(3, "a", "field_too_long", "54000"), (4, "a", "field_too_long", "54000")]);

    let text = format!("a,b\n{}", "some text,more text\n".repeat(10_000));
    let tight = Limits { max_memory_bytes: 100_000, ..LIMITS };
    let error = read(text.as_bytes(), &contract, &tight, 7, &mut || false).unwrap_err();
    assert_eq!(error.sqlstate(), "53200");
    assert!(error.hint().unwrap().contains("stellantis.max_memory"));

    let long_field = format!("a,b\n\"{}\",x\n1,y\n", "z".repeat(3 << 20));
    let batch = load(long_field.as_bytes(), &contract).unwrap();
    assert_eq!((batch.rows_loaded, batch.rows_rejected), (1, 1));
    assert_eq!(batch.rejects[0].raw_line.len(), 1 << 20);
    assert!(batch.rejects[0].message.contains("bytes are kept"));
}

#[test]
fn stops_when_told() {
    let text = format!("a,b\n{}", "some text,more text\n".repeat(100_000));
    let mut asked = 0;
    let error = read(text.as_bytes(), &contract(TEXTS), &LIMITS, 7, &mut || {
        asked += 1;
        asked > 3
    });
    assert_eq!(error.unwrap_err().sqlstate(), "57014");
    let quoted = format!("a,b\n\"{}", "q".repeat(2 << 20));
    assert_eq!(
        read(quoted.as_bytes(), &contract(TEXTS), &LIMITS, 7, &mut || true).unwrap_err(),
        LandingError::Cancelled
    );
}

#[test]
fn digests() {
    assert_eq!(
        digest(b"abc", &mut || false).unwrap(),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
    assert_eq!(digest(b"abc", &mut || true).unwrap_err(), LandingError::Cancelled);
}
