//! Against an oracle: the `csv` crate with a naive parser. And any bytes at all: no panic, and the sums agree.

use engine::landing::{Limits, read};
use proptest::prelude::*;

use crate::support::{Value, contract, decode, load, maintenance};

const ROW: &str = r#"[{"name":"n","type":"bigint"},{"name":"x","type":"float8"},{"name":"t","type":"text"}]"#;
const TEXTS: &str = r#"[{"name":"a","type":"text"},{"name":"b","type":"text"}]"#;

fn naive(text: &str, parse: impl Fn(&str) -> Value) -> Value {
    match text.trim_ascii() {
        "" | "NA" | "N/A" | "NaN" | "null" | "NULL" => Value::Null,
        text => parse(text),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Whatever `csv` writes, we read as `csv` does.
    #[test]
    fn typed_rows(
        rows in prop::collection::vec((any::<i64>(), any::<f64>().prop_filter("finite", |x| x.is_finite()),
            "[a-zé,;\"\\n\\t ]{0,12}"), 0..20),
        delimiter in prop::sample::select(vec![b',', b';', b'\t', b'|']),
        crlf in any::<bool>(),
        always in any::<bool>(),
    ) {
        let mut builder = csv::WriterBuilder::new();
        builder.delimiter(delimiter);
        if crlf { builder.terminator(csv::Terminator::CRLF); }
        if always { builder.quote_style(csv::QuoteStyle::Always); }
        let mut writer = builder.from_writer(Vec::new());
        writer.write_record(["n", "x", "t"]).unwrap();
        for (n, x, t) in &rows {
            writer.write_record([n.to_string(), x.to_string(), t.clone()]).unwrap();
        }
        let bytes = writer.into_inner().unwrap();
        let contract = contract(ROW);
        let batch = load(&bytes, &contract).unwrap();
        prop_assert_eq!(batch.rows_rejected, 0, "{:?}", batch.rejects);
        let expected: Vec<Vec<Value>> = rows.iter().map(|(n, x, t)| vec![
            Value::Int(*n), Value::Float(*x), naive(t, |text| Value::Text(text.to_owned())),
        ]).collect();
        let decoded: Vec<Vec<Value>> = decode(&batch, &contract).into_iter().map(|(_, values)| values).collect();
        prop_assert_eq!(decoded, expected);
    }

    /// Text full of quotes, ends and delimiters: same records, on the same lines, as `csv` finds.
    #[test]
    fn records_agree(body in "([ab,\"\r\n]|\"\"|,\"|\",|\"\n){0,60}") {
        let bytes = format!("a,b\n{body}").into_bytes();
        let contract = contract(TEXTS);
        // The sample may show that no row has two fields; that refusal is tested elsewhere.
        let Ok(batch) = load(&bytes, &contract) else { return Ok(()) };
        prop_assume!(batch.rejects.iter().all(|reject| reject.rule != "unterminated_quote"));
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true).terminator(csv::Terminator::Any(b'\n')).from_reader(&bytes[..]);
        let (mut good, mut bad) = (Vec::new(), Vec::new());
        for record in reader.records() {
            let record = record.unwrap();
            if record.len() <= 3 && record.iter().all(|field| field.trim_ascii().is_empty()) { continue; }
            // `csv` says where it stood before it skipped blank lines.
            let mut at = record.position().unwrap().byte() as usize;
            while bytes[at] == b'\n' { at += 1; }
            let line = bytes[..at].iter().filter(|&&b| b == b'\n').count() as i64 + 1;
            if record.len() == 2 {
                let values = record.iter().map(|f| naive(f, |text| Value::Text(text.to_owned()))).collect();
                good.push((line, values));
            } else {
                bad.push((line as u64, at as u64));
            }
        }
        prop_assert_eq!(decode(&batch, &contract), good);
        let rejects: Vec<_> = batch.rejects.iter().map(|r| (r.line_number, r.byte_offset)).collect();
        prop_assert_eq!(rejects, bad);
    }

    /// Numbers as measurements have them: the same bits as `str::parse`.
    #[test]
    fn short_numbers(numbers in prop::collection::vec("-?([0-9]{1,17}|[0-9]{0,9}\\.[0-9]{1,9}|[0-9]{1,9}\\.)", 1..50)) {
        let contract = contract(r#"[{"name":"x","type":"float8"}]"#);
        let batch = load(format!("x\n{}\n", numbers.join("\n")).as_bytes(), &contract).unwrap();
        let decoded = decode(&batch, &contract);
        prop_assert_eq!(decoded.len(), numbers.len());
        for ((_, values), text) in decoded.iter().zip(&numbers) {
            let Value::Float(value) = values[0] else { panic!("{text} is no number") };
            prop_assert_eq!(value.to_bits(), text.parse::<f64>().unwrap().to_bits(), "{}", text);
        }
    }

    /// Decimal commas give the same numbers as points.
    #[test]
    fn decimal_commas(numbers in prop::collection::vec(-1e9f64..1e9, 1..50)) {
        let contract = contract(r#"[{"name":"x","type":"float8"},{"name":"n","type":"integer"}]"#);
        let write = |comma: bool| numbers.iter().fold("x;n\n".to_owned(), |text, x| {
            let number = format!("{x:.3}");
            text + &if comma { number.replace('.', ",") } else { number } + ";5\n"
        });
        let (with_comma, with_point) =
            (load(write(true).as_bytes(), &contract).unwrap(), load(write(false).as_bytes(), &contract).unwrap());
        prop_assert_eq!(with_comma.rows_loaded, numbers.len() as u64);
        prop_assert_eq!(with_comma, with_point);
    }

    /// Any bytes after a header, under small limits: no panic, every byte offset true, memory within bounds.
    #[test]
    fn any_bytes(body in prop::collection::vec(any::<u8>(), 0..400), field in 1usize..64, memory in 0usize..9000) {
        let limits = Limits { max_field_bytes: field, max_memory_bytes: memory, max_kept_rejects: 3 };
        let mut bytes = b"a,b\n".to_vec();
        bytes.extend_from_slice(&body);
        let contract = contract(TEXTS);
        for file in [&bytes, &body] {
            if let Ok(batch) = read(file, &contract, &limits, 7, &mut || false) {
                decode(&batch, &contract);
                prop_assert!(batch.copy.capacity() <= memory);
                for reject in &batch.rejects {
                    prop_assert!(file[reject.byte_offset as usize..].starts_with(&reject.raw_line));
                }
            }
        }
        let _ = load(&body, &maintenance());
    }

    /// Bytes that look like CSV, broken anywhere.
    #[test]
    fn broken_csv(text in "[0-9aé,;\"\r\n\t.\\-]{0,200}", cut in any::<prop::sample::Index>()) {
        let mut bytes = format!("n,x,t\n1,2.5,a\n{text}").into_bytes();
        let at = cut.index(bytes.len());
        bytes[at] = bytes[at].wrapping_add(128);
        let contract = contract(ROW);
        if let Ok(batch) = load(&bytes, &contract) {
            decode(&batch, &contract);
        }
    }
}
