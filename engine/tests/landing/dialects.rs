//! Headers and dialects: what is taken, what is refused, and with which words.

use engine::error::Explain;
use engine::landing::{Contract, LandingError, Newline, match_headers, normalise, sniff};

use crate::support::{LIMITS, contract, decode, load, maintenance, quality};

const SAMPLE: &str = "\u{feff}UDI,Product ID,Type,Air temperature [K],Process temperature [K],Rotational speed [rpm],\
Torque [Nm],Tool wear [min],Machine failure,TWF,HDF,PWF,OSF,RNF\r\n\
1,M14860,M,298.1,308.6,1551,42.8,0,0,0,0,0,0,0\r\n\
2,L47181,L,298.2,308.7,1408,46.3,3,0,0,0,0,0,0\r\n\
3,H29424,H,298.25,308.5,1498,49.4,5,1,0,0,1,0,0\r\n";
const PLAIN_HEADERS: [&str; 14] = [
    "UID",
    "product_id",
    "type",
    "airTemperature",
    "Process Temperature",
    "rotationalSpeed",
    "TORQUE",
    "Tool wear",
    "Machine_failure",
    "twf",
    "hdf",
    "pwf",
    "osf",
    "rnf",
];

fn same_as_sample(variant: &str) {
    let contract = maintenance();
    let expected = load(SAMPLE.as_bytes(), &contract).unwrap();
    assert_eq!(expected.rows_loaded, 3);
    let batch = load(variant.as_bytes(), &contract).unwrap();
    assert_eq!(batch, expected, "{variant}");
    assert_eq!(decode(&batch, &contract).len(), 3);
    assert_eq!(batch.missing_columns, ["read_at", "line_code"]);
}

fn with_headers(headers: &[&str], delimiter: &str) -> String {
    let body = SAMPLE.split_once('\n').unwrap().1.replace(',', delimiter);
    format!("{}\r\n{body}", headers.join(delimiter))
}

#[test]
fn variants_in_the_wild_load_alike() {
    let no_bom = SAMPLE.trim_start_matches('\u{feff}');
    same_as_sample(no_bom);
    same_as_sample(&SAMPLE.replace("\r\n", "\n"));
    same_as_sample(no_bom.trim_end());
    for delimiter in [";", "\t", "|"] {
        same_as_sample(&SAMPLE.replace(',', delimiter));
    }
    for delimiter in [";", "\t"] {
        same_as_sample(&SAMPLE.replace(',', delimiter).replace('.', ","));
        same_as_sample(&SAMPLE.replace(',', delimiter).replace('.', ",").replace(";1551;", ";1551,0;"));
    }
    same_as_sample(&SAMPLE.replace(',', " ; ").replace("\r\n", "  \n"));
    same_as_sample(
        no_bom
            .replace(',', "\",\"")
            .replace("\r\n", "\"\n\"")
            .replacen("UDI", "\"UDI", 1)
            .trim_end_matches('"'),
    );
    same_as_sample(&with_headers(&PLAIN_HEADERS, ","));
    same_as_sample(&with_headers(&PLAIN_HEADERS, ";"));
}

#[test]
fn reordered_and_unknown_columns() {
    let contract = contract(r#"[{"name":"a","type":"integer"},{"name":"b","type":"text"}]"#);
    let batch = load(b"Note,b,A\nx,y,1\n", &contract).unwrap();
    let straight = load(b"a,b\n1,y\n", &contract).unwrap();
    assert_eq!(batch.copy, straight.copy);
    assert_eq!(batch.unknown_headers, ["Note"]);
    let headers = ["Note", "b", "A"].map(str::to_owned);
    assert_eq!(match_headers(&contract, &headers).unknown, [(1, "Note".to_owned())]);
}

#[test]
fn normal_forms() {
    for (header, normal) in [
        ("\u{feff}UDI", "udi"),
        (" Air temperature [K] ", "air_temperature_k"),
        ("Torque [Nm]", "torque_nm"),
        ("Energy (kWh)", "energy_kwh"),
        ("airTemperatureK", "air_temperature_k"),
        ("ProductID", "product_id"),
        ("HTTPServer", "http_server"),
        ("Driven_Wheels", "driven_wheels"),
        ("Pass/Fail", "pass_fail"),
        ("city  mpg", "city_mpg"),
        ("Humidity [%]", "humidity_pct"),
        ("Température", "température"),
        ("589", "589"),
        ("[]", ""),
    ] {
        assert_eq!(normalise(header), normal, "{header}");
    }
}

#[test]
fn another_unit_does_not_fit() {
    let error = load(SAMPLE.replace("Air temperature [K]", "Air temperature [C]").as_bytes(), &maintenance())
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("missing air_temperature_k") && text.contains("4 \"Air temperature [C]\""),
        "{text}"
    );
    assert_eq!(error.sqlstate(), "22P04");
    assert_eq!(
        error.hint().unwrap(),
        "INSERT INTO ops.dataset_mapping(dataset, target_column, source_header) VALUES ('sample', 'air_temperature_k', \
         'Air temperature [C]');"
    );
}

#[test]
fn the_hint_is_safe_and_helps() {
    let mut contract = maintenance();
    let file = SAMPLE.replace("Torque [Nm]", "l'torque; drop--");
    let hint = load(file.as_bytes(), &contract).unwrap_err().hint().unwrap();
    assert!(hint.ends_with("VALUES ('sample', 'torque_nm', 'l''torque; drop--');"), "{hint}");
    contract.map_header("torque_nm", "l'torque; drop--").unwrap();
    assert_eq!(load(file.as_bytes(), &contract).unwrap().rows_loaded, 3);
}

#[test]
fn headers_that_do_not_fit() {
    let missing = load(b"Time,0,2,Pass/Fail\n", &quality(2)).unwrap_err();
    assert!(missing.to_string().contains("missing sensors (header 1);"), "{missing}");
    assert!(missing.hint().unwrap().starts_with("SELECT"));
    let any = contract(r#"[{"name":"a","type":"text","required":false}]"#);
    assert!(load(b"x,y\n1,2\n", &any).unwrap_err().to_string().contains("missing a;"));
    let twice = load(b"a,b,A\n", &contract(r#"[{"name":"a","type":"text"},{"name":"b","type":"text"}]"#))
        .unwrap_err();
    assert_eq!(
        twice.to_string(),
        "the header does not fit data set sample: column a is in field 1 (\"a\") and field 3 (\"A\")"
    );
}

#[test]
fn empty_files() {
    for bytes in [&b""[..], b"\xef\xbb\xbf", b"\r\n\r\n", b"  \n"] {
        assert_eq!(load(bytes, &maintenance()).unwrap_err(), LandingError::EmptyFile);
    }
    let header_only = SAMPLE.lines().next().unwrap();
    for text in [header_only.to_owned(), format!("{header_only}\r\n"), format!("{header_only}\n\n\n")] {
        let batch = load(text.as_bytes(), &maintenance()).unwrap();
        assert_eq!((batch.rows_read, batch.rejects.len(), decode(&batch, &maintenance()).len()), (0, 0, 0));
    }
}

fn unclear(bytes: &[u8], contract: &Contract, words: &str) {
    let error = load(bytes, contract).unwrap_err();
    assert!(matches!(error, LandingError::Dialect { .. }) && error.to_string().contains(words), "{error}");
}

#[test]
fn unclear_formats_are_refused() {
    let two = contract(r#"[{"name":"a","type":"float8"},{"name":"b","type":"float8"}]"#);
    unclear(b"a,b\r1,2\r3,4\r", &two, "CR");
    unclear(
        b"a,b\n1;2\n3;4\n",
        &two,
        "divided by a comma, but no row has its 2 fields; by a semicolon every row has 2",
    );
    unclear(b"a;b\n1,5;2.5\n1,5;2.5\n", &two, "decimal mark may be a comma (2 numbers, one on line 3)");
    unclear(b"\"a,b\n1,2\n", &two, "quote");
    let any = contract(
        r#"[{"name":"a","type":"text","required":false},{"name":"b","type":"text","required":false}]"#,
    );
    unclear(b"a;x,b\n", &any, "a comma or a semicolon");
    let one = contract(r#"[{"name":"a","type":"float8"}]"#);
    assert_eq!(load(b"a\n1\n2.5\n", &one).unwrap().rows_loaded, 2);
}

#[test]
fn other_encodings_are_refused() {
    for bytes in [&b"\xff\xfea\0,\0b\0"[..], b"PK\x03\x04", b"\x1f\x8b\x08", b"caf\xe9,b\n", b"a\0,b\n"] {
        assert_eq!(load(bytes, &maintenance()).unwrap_err().sqlstate(), "22021", "{bytes:?}");
    }
}

#[test]
fn sniffing() {
    let text = SAMPLE.replace(',', ";").replace('.', ",");
    let (dialect, fit) = sniff(text.as_bytes(), &maintenance(), &LIMITS, &mut || false).unwrap();
    assert_eq!(
        (dialect.delimiter, dialect.newline, dialect.has_bom, dialect.decimal_comma),
        (b';', Newline::Crlf, true, true)
    );
    assert!(fit.missing_required.is_empty());
}

#[test]
fn contracts_are_checked() {
    for (columns, words) in [
        ("[]", "0 columns"),
        ("{", "cannot be read"),
        (r#"[{"name":"a","type":"text","header":["x"]}]"#, "unknown field"),
        (r#"[{"name":"a","type":"real"}]"#, "unknown variant"),
        (r#"[{"name":"A b","type":"text"}]"#, "plain"),
        (r#"[{"name":"file_id","type":"integer"}]"#, "reserved"),
        (r#"[{"name":"a","type":"text"},{"name":"a","type":"text"}]"#, "twice"),
        (
            r#"[{"name":"a","type":"text","headers":["X"]},{"name":"b","type":"text","headers":["x"]}]"#,
            "both a and b",
        ),
        (r#"[{"name":"a","type":"float8[]"}]"#, "header_range"),
        (r#"[{"name":"a","type":"float8[]","header_range":{"from":2,"to":1}}]"#, "header_range"),
        (r#"[{"name":"a","type":"text","header_range":{"from":0,"to":1}}]"#, "not float8[]"),
        (r#"[{"name":"a","type":"text","required":false,"nullable":false}]"#, "nullable"),
    ] {
        let error = Contract::from_json("sample", columns, Vec::new()).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(error.sqlstate(), "22023");
    }
}
