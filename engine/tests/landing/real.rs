//! The real files, from the folder that STELLANTIS_REAL_DATA names.

use std::path::Path;

use crate::support::{Value, decode, load, maintenance, quality};

fn real(file: &str) -> Option<Vec<u8>> {
    let Ok(folder) = std::env::var("STELLANTIS_REAL_DATA") else {
        println!("skipped: STELLANTIS_REAL_DATA is not set, {file} is not read");
        return None;
    };
    Some(std::fs::read(Path::new(&folder).join(file)).unwrap())
}

#[test]
fn real_maintenance_file() {
    let Some(bytes) = real("maintenance/ai4i2020.csv") else { return };
    let contract = maintenance();
    let batch = load(&bytes, &contract).unwrap();
    assert_eq!((batch.rows_read, batch.rows_loaded, batch.rows_rejected), (10_000, 10_000, 0));
    let rows = decode(&batch, &contract);
    assert_eq!(rows.iter().filter(|(_, values)| values[8] == Value::Bool(true)).count(), 339);
    let mut records = csv::Reader::from_reader(&bytes[3..]);
    for (index, ((line, values), record)) in rows.iter().zip(records.records()).enumerate() {
        let record = record.unwrap();
        assert_eq!(*line, index as i64 + 2);
        assert_eq!(values[1], Value::Text(record[1].to_owned()));
        assert_eq!(values[6], Value::Float(record[6].parse().unwrap()));
    }
}

#[test]
fn real_quality_file() {
    let Some(bytes) = real("quality/uci-secom.csv") else { return };
    let contract = quality(589);
    let batch = load(&bytes, &contract).unwrap();
    assert_eq!((batch.rows_loaded, batch.rows_rejected), (1567, 0));
    let rows = decode(&batch, &contract);
    assert_eq!(rows.iter().filter(|(_, values)| values[2] == Value::Bool(false)).count(), 104);
    let mut nulls = 0;
    let mut records = csv::Reader::from_reader(&bytes[..]);
    for ((_, values), record) in rows.iter().zip(records.records()) {
        let Value::Array(sensors) = &values[1] else { panic!("no array") };
        nulls += sensors.iter().filter(|sensor| sensor.is_none()).count();
        let record = record.unwrap();
        let naive: Vec<Option<f64>> = record.iter().skip(1).take(590).map(|text| text.parse().ok()).collect();
        assert_eq!(*sensors, naive);
    }
    assert_eq!(nulls, 41_951);
}

/// `cargo test --release -p engine --test landing -- --ignored --nocapture` prints the best of 50 readings.
#[test]
#[ignore = "a measurement"]
fn speed_on_the_real_quality_file() {
    let Some(bytes) = real("quality/uci-secom.csv") else { return };
    let contract = quality(589);
    let seconds = (0..50).map(|_| {
        let start = std::time::Instant::now();
        std::hint::black_box(load(&bytes, &contract).unwrap());
        start.elapsed().as_secs_f64()
    });
    println!("{:.0} MB/s", bytes.len() as f64 / 1e6 / seconds.fold(f64::INFINITY, f64::min));
}
