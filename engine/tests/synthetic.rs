//! The generated files: bytes for a seed, the shares that the published files have, dirt, and what must hold in a row.

#![allow(clippy::unwrap_used, clippy::panic)]

use engine::error::Explain;
use engine::synthetic::{DEFAULT_SEED, Dataset, SyntheticError, generate};
use md5::Md5;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::f64::consts::PI;
use std::fs;
use std::path::Path;

fn bytes(dataset: Dataset, rows: usize, seed: u64, dirt: f64) -> Vec<u8> {
    let mut out = Vec::new();
    generate(dataset, rows, seed, dirt, &mut out, &mut || false).unwrap();
    out
}

/// Rows of cells without the header.
fn records(csv: &[u8]) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().from_reader(csv);
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

fn usual(dataset: Dataset) -> Vec<Vec<String>> {
    records(&bytes(dataset, dataset.default_rows(), DEFAULT_SEED, 0.0))
}

fn number(cell: &str) -> f64 {
    cell.parse().unwrap()
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn column_count(rows: &[Vec<String>], column: usize, cell: &str) -> usize {
    rows.iter().filter(|row| row[column] == cell).count()
}

#[test]
fn committed_samples_are_the_generators_output() {
    let raw = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/raw");
    for dataset in Dataset::ALL {
        let rows = if dataset == Dataset::Quality { 100 } else { dataset.default_rows() };
        let committed = fs::read(raw.join(dataset.file_name())).unwrap();
        let generated = bytes(dataset, rows, DEFAULT_SEED, 0.0);
        assert_eq!(hex(&Sha256::digest(&committed)), hex(&Sha256::digest(&generated)), "{}", dataset.name());
    }
}

#[test]
fn bytes_depend_on_seed_and_dirt_alone() {
    for dataset in Dataset::ALL {
        let first = bytes(dataset, 200, 7, 0.1);
        let second = std::thread::spawn(move || bytes(dataset, 200, 7, 0.1)).join().unwrap();
        assert_eq!(first, second, "{}", dataset.name());
        assert_ne!(first, bytes(dataset, 200, 8, 0.1), "{}", dataset.name());
        assert_ne!(first, bytes(dataset, 200, 7, 0.0), "{}", dataset.name());
    }
}

#[test]
fn default_files_have_the_published_form() {
    let starts: [(&[u8], &[u8]); 4] = [
        (b"\xef\xbb\xbfUDI,Product ID,Type,Air temperature [K],", b"\r\n"),
        (b"Time,0,1,2,", b"\r\n"),
        (
            b"Make,Model,Year,Engine Fuel Type,Engine HP,Engine Cylinders,Transmission Type,Driven_Wheels,",
            b"\n",
        ),
        (b"production_date,line_code,shift_code,equipment_code,vehicle_code,calendar_minutes,", b"\n"),
    ];
    for (dataset, (start, end)) in Dataset::ALL.into_iter().zip(starts) {
        let csv = bytes(dataset, 50, DEFAULT_SEED, 0.0);
        assert!(csv.starts_with(start), "{}", dataset.name());
        assert!(csv.ends_with(end));
        assert_eq!(csv.iter().filter(|byte| **byte == b'\r').count(), if end.len() == 2 { 51 } else { 0 });
        assert_eq!(records(&csv).len(), 50);
        assert_eq!(dataset.name().parse::<Dataset>().unwrap(), dataset);
    }
    assert_eq!(records(&bytes(Dataset::Quality, 3, 1, 0.0))[0].len(), 592);
}

/// TWF, HDF, PWF, OSF, RNF, failures, failures without a mode, of one file; panics where a label contradicts its row.
fn maintenance_counts(seed: u64) -> [usize; 7] {
    let mut counts = [0; 7];
    let mut before: Option<(f64, f64, bool)> = None;
    for row in records(&bytes(Dataset::Maintenance, 10_000, seed, 0.0)) {
        let [air, process, speed, torque, wear] = [3, 4, 5, 6, 7].map(|column: usize| number(&row[column]));
        let [failure, twf, hdf, pwf, osf, rnf] =
            [8, 9, 10, 11, 12, 13].map(|column: usize| row[column] == "1");
        let (step, limit) = match row[2].as_str() {
            "L" => (2.0, 11_000.0),
            "M" => (3.0, 12_000.0),
            "H" => (5.0, 13_000.0),
            other => panic!("type {other}"),
        };
        let offset = match &row[2][..] {
            "L" => 47_179,
            "M" => 14_859,
            _ => 29_413,
        };
        assert_eq!(row[1], format!("{}{}", row[2], row[0].parse::<u64>().unwrap() + offset));
        let power = torque * speed * 2.0 * PI / 60.0;
        assert_eq!(pwf, !(3500.0..=9000.0).contains(&power), "PWF of row {}", row[0]);
        assert_eq!(osf, wear * torque > limit, "OSF of row {}", row[0]);
        // Labelled before rounding: printed values may be a tenth off.
        assert!(!hdf || (process - air < 8.75 && speed < 1380.0), "HDF of row {}", row[0]);
        assert!(hdf || process - air > 8.45 || speed >= 1380.0, "no HDF of row {}", row[0]);
        assert!(row[3].contains('.') && !row[4].ends_with(".0") && row[6].contains('.'));
        if let Some((last_wear, last_step, last_twf)) = before {
            assert!(wear == 0.0 || wear == last_wear + last_step, "wear of row {}", row[0]);
            assert!(wear > 0.0 || last_wear >= 198.0);
            assert!(!last_twf || wear == 0.0, "a tool that failed is changed");
        }
        before = Some((wear, step, twf));
        let moded = twf || hdf || pwf || osf;
        assert!(failure || !moded);
        for (count, flag) in counts.iter_mut().zip([twf, hdf, pwf, osf, rnf, failure, failure && !moded]) {
            *count += usize::from(flag);
        }
    }
    counts
}

#[test]
fn maintenance_counts_lie_in_the_bands_of_the_process() {
    let mut sums = [0; 7];
    for seed in 0..20 {
        for (sum, count) in sums.iter_mut().zip(maintenance_counts(seed)) {
            *sum += count;
        }
    }
    // Mean of 20 files within four standard errors (deviation / sqrt 20) of the process.
    let bands =
        [(46.0, 6.0), (102.0, 55.0), (99.0, 8.0), (98.0, 11.0), (10.0, 3.2), (328.0, 53.0), (9.0, 3.0)];
    for ((sum, (mean, deviation)), name) in
        sums.into_iter().zip(bands).zip(["TWF", "HDF", "PWF", "OSF", "RNF", "failures", "without a mode"])
    {
        let found = sum as f64 / 20.0;
        assert!((found - mean).abs() < 4.0 * deviation / 20f64.sqrt(), "{name}: {found}");
    }
}

#[test]
fn default_maintenance_file_lies_near_the_published_one() {
    let [twf, hdf, pwf, osf, rnf, failures, unmoded] = maintenance_counts(DEFAULT_SEED);
    for (found, published, by) in [
        (twf, 46, 4),
        (hdf, 115, 2),
        (pwf, 95, 4),
        (osf, 98, 5),
        (rnf, 19, 9),
        (failures, 339, 4),
        (unmoded, 9, 2),
    ] {
        assert!(found.abs_diff(published) <= by, "{found} for {published}");
    }
    let rows = usual(Dataset::Maintenance);
    for (product_type, share) in [("L", 6000), ("M", 2997), ("H", 1003)] {
        assert!(column_count(&rows, 2, product_type).abs_diff(share) < 150);
    }
    let first: String = rows.iter().take(15).map(|row| row[2].as_str()).collect();
    assert_eq!(first, "MLLLLMLLMMHHMML");
    for (column, mean, deviation) in
        [(3, 300.0, 2.0), (4, 310.0, 1.48), (5, 1539.0, 180.0), (6, 40.0, 10.0), (7, 108.0, 63.6)]
    {
        let values: Vec<f64> = rows.iter().map(|row| number(&row[column])).collect();
        let found = values.iter().sum::<f64>() / values.len() as f64;
        assert!((found - mean).abs() < 0.03 * deviation, "mean {found} of column {column}");
        let square = values.iter().map(|value| (value - found).powi(2)).sum::<f64>() / values.len() as f64;
        assert!((square.sqrt() / deviation - 1.0).abs() < 0.1, "deviation {} of {column}", square.sqrt());
    }
}

/// Day and month of a printed time are swapped where that gives the order back: the earliest reading that is not before
/// the row before. Returns the repaired times and how many rows that changed.
fn repaired(rows: &[Vec<String>]) -> (Vec<String>, usize) {
    let (mut times, mut changed): (Vec<String>, usize) = (Vec::new(), 0);
    for row in rows {
        let printed = row[0].clone();
        let swapped = format!("{}-{}-{}{}", &printed[..4], &printed[8..10], &printed[5..7], &printed[10..]);
        let earliest = times.last().map_or("2008-07-19", String::as_str);
        let inside = |time: &&String| time.as_str() >= earliest && time.as_str() < "2008-10-18";
        let time = [&printed, &swapped].into_iter().filter(inside).min().unwrap().clone();
        changed += usize::from(time != printed);
        times.push(time);
    }
    (times, changed)
}

#[test]
fn quality_counts_are_the_published_ones() {
    for (size, fails, empty, swaps, repeats) in
        [(1567, 104, 41_951, 582, 33), (100, 7, 2_677, 37, 2), (400, 27, 10_709, 149, 8)]
    {
        let rows = records(&bytes(Dataset::Quality, size, DEFAULT_SEED, 0.0));
        assert_eq!(column_count(&rows, 591, "1"), fails);
        assert_eq!(column_count(&rows, 591, "-1"), size - fails);
        let mut seen: BTreeSet<Vec<&str>> = BTreeSet::new();
        let (mut constant, mut duplicate, mut missing, mut never, mut mostly) = (0, 0, 0, 0, 0);
        for sensor in 1..=590 {
            let cells: Vec<&str> = rows.iter().map(|row| row[sensor].as_str()).collect();
            let absent = cells.iter().filter(|cell| cell.is_empty()).count();
            let values: BTreeSet<&str> = cells.iter().copied().filter(|cell| !cell.is_empty()).collect();
            missing += absent;
            never += usize::from(absent == 0);
            mostly += usize::from(2 * absent > size);
            constant += usize::from(values.len() == 1);
            duplicate += usize::from(!seen.insert(cells));
        }
        assert_eq!((missing, constant, duplicate), (empty, 116, 104), "{size} rows");
        assert!(never >= 52 && (20..=28).contains(&mostly), "{never} {mostly}");

        let (times, changed) = repaired(&rows);
        assert_eq!(changed, swaps, "{size} rows");
        assert!(times.is_sorted());
        assert_eq!(times.windows(2).filter(|pair| pair[0] == pair[1]).count(), repeats);
        assert_eq!((&times[0][..10], &times[size - 1][..10]), ("2008-07-19", "2008-10-17"));
    }
}

#[test]
fn some_sensors_tell_of_the_fail() {
    let rows = usual(Dataset::Quality);
    let mut told = 0;
    for sensor in 1..=590 {
        // Sum, sum of squares and number, of passed and of failed rows.
        let mut sums = [[0.0; 3]; 2];
        for row in rows.iter().filter(|row| !row[sensor].is_empty()) {
            let value = number(&row[sensor]);
            let sum = &mut sums[usize::from(row[591] == "1")];
            *sum = [sum[0] + value, sum[1] + value * value, sum[2] + 1.0];
        }
        let mean = sums.map(|sum| sum[0] / sum[2]);
        let error = sums.map(|sum| (sum[1] / sum[2] - (sum[0] / sum[2]).powi(2)) / sum[2]);
        let is_told = (mean[1] - mean[0]).abs() > 3.3 * (error[0] + error[1]).sqrt();
        told += usize::from(is_told && sums[1][2] > 50.0);
    }
    // Without any signal five are found with this seed: sensors go together and are skewed.
    assert!((9..=25).contains(&told), "{told}");
}

#[test]
fn vehicles_have_their_own_dirt() {
    let rows = usual(Dataset::Vehicles);
    assert_eq!(rows.len(), 11_914);
    let distinct: BTreeSet<&Vec<String>> = rows.iter().collect();
    assert_eq!(rows.len() - distinct.len(), 715);
    for (column, cell, count, by) in [
        (9, "N/A", 3_700, 300),
        (6, "UNKNOWN", 19, 4),
        (4, "", 69, 10),
        (5, "", 30, 6),
        (8, "", 6, 3),
        (3, "", 3, 2),
        (12, "354", 1, 0),
        (15, "2000", 1_000, 100),
    ] {
        let found = column_count(&rows, column, cell);
        assert!(found.abs_diff(count) <= by, "{found} times {cell:?} in column {column}");
    }
    let makes: BTreeSet<&str> = rows.iter().map(|row| row[0].as_str()).collect();
    for make in [
        "Abarth",
        "Alfa Romeo",
        "Chrysler",
        "Citroen",
        "Dodge",
        "DS",
        "FIAT",
        "Jeep",
        "Lancia",
        "Maserati",
        "Opel",
        "Peugeot",
        "Ram",
        "Vauxhall",
        "Toyota",
        "BMW",
    ] {
        assert!(makes.contains(make), "{make}");
    }
    for row in &rows {
        assert!((1990.0..=2017.0).contains(&number(&row[2])));
        assert!(row[4].is_empty() || (40.0..=1100.0).contains(&number(&row[4])));
        assert!(number(&row[15]) >= 2000.0);
    }
}

/// The contract's code of a row of the vehicle file, written anew.
fn vehicle_code(row: &[String]) -> String {
    let clean: Vec<&str> = row[..12]
        .iter()
        .map(|cell| if cell == "N/A" || cell == "UNKNOWN" { "" } else { cell.trim() })
        .collect();
    let part = |text: &str| {
        let upper = text.to_uppercase();
        let mut words: Vec<&str> = upper.split(|letter: char| !letter.is_ascii_alphanumeric()).collect();
        words.dedup_by(|one, other| one.is_empty() && other.is_empty());
        words.join("_")
    };
    let hash = hex(&Md5::digest(clean.join("|").as_bytes()));
    format!("{}-{}-{}-{}", part(clean[0]), part(clean[1]), clean[2], &hash[..8])
}

#[test]
fn production_rows_keep_the_time_model_and_refer_to_the_other_files() {
    for seed in [DEFAULT_SEED, 1, 2] {
        let machines: Vec<String> = records(&bytes(Dataset::Maintenance, 15, seed, 0.0))
            .into_iter()
            .map(|row| row[1].clone())
            .collect();
        let vehicles: BTreeMap<String, Vec<String>> =
            records(&bytes(Dataset::Vehicles, Dataset::Vehicles.default_rows(), seed, 0.0))
                .into_iter()
                .map(|row| (vehicle_code(&row), row))
                .collect();
        let rows = records(&bytes(Dataset::Production, 1350, seed, 0.0));
        let mut grain = BTreeSet::new();
        let mut used = BTreeSet::new();
        let mut lines: BTreeMap<String, (f64, f64)> = BTreeMap::new();
        let mut untidy = 0;
        for row in &rows {
            let [line, shift, machine, reason] =
                [1, 2, 3, 16].map(|column: usize| row[column].trim().to_uppercase());
            untidy += usize::from(line != row[1]) + usize::from(shift != row[2]);
            untidy += usize::from(machine != row[3]) + usize::from(reason != row[16]);
            let order = ["EARLY", "LATE", "NIGHT"].iter().position(|name| *name == shift).unwrap();
            assert!(grain.insert((row[0].clone(), line.clone(), order)));
            let position = machines.iter().position(|code| *code == machine).unwrap();
            assert_eq!(line, format!("L{}", position / 3 + 1));
            let vehicle = &vehicles[&row[4]];
            assert!((2015.0..=2017.0).contains(&number(&vehicle[2])));
            used.insert(row[4].clone());

            // One decimal: tenths are whole numbers, and the sum is exact.
            let [calendar, busy, run, setup, delay, down, repair] = [5, 6, 7, 8, 9, 10, 18]
                .map(|column: usize| row[column].replace('.', "").parse::<i64>().unwrap());
            assert_eq!(calendar, 4800);
            assert_eq!(busy, run + setup + delay + down);
            assert!(busy <= calendar && run > 0 && setup >= 0 && delay >= 0 && down >= 0);
            let cycle = row[11].replace('.', "").parse::<i64>().unwrap();
            let [produced, good, scrap, rework, failures] =
                [12, 13, 14, 15, 17].map(|column: usize| row[column].parse::<i64>().unwrap());
            assert_eq!(produced, good + scrap + rework);
            assert!(good > 0 && scrap >= 0 && rework >= 0);
            assert!(cycle * produced <= 10 * run);
            assert!(number(&row[11]) * number(&row[12]) <= number(&row[7]));
            assert_eq!(reason == "NONE", down == 0);
            assert!(repair <= down && (failures > 0) == (repair > 0), "{row:?}");
            assert!(number(&row[20]) < number(&row[23]) * good as f64);
            let sums = lines.entry(line).or_default();
            *sums = (sums.0 + number(&row[6]), sums.1 + number(&row[11]) * good as f64);
        }
        assert!(grain.iter().map(|(date, line, order)| (date, line, order)).is_sorted());
        assert_eq!((grain.len(), used.len(), untidy), (1350, 20, 19));
        assert_eq!((&rows[0][0][..], &rows[1349][0][..]), ("2026-08-25", "2026-11-22"));
        let oee: Vec<f64> = lines.values().map(|(busy, good)| good / busy).collect();
        assert!(oee.iter().all(|oee| (0.55..0.85).contains(oee)), "{oee:?}");
        assert!(oee[0] > oee[4] + 0.05, "{oee:?}");
    }
    let shorter = records(&bytes(Dataset::Production, 20, 1, 0.0));
    assert_eq!((&shorter[14][0][..], &shorter[19][0][..]), ("2026-11-21", "2026-11-22"));
}

/// Whether `after` may be `before` with spoiled cells.
fn may_come_from(before: Option<&Vec<String>>, after: Option<&Vec<String>>) -> bool {
    let spoiled = |cell: &String| ["", "#VALUE!", "-999999"].contains(&cell.as_str());
    match (before, after) {
        (Some(before), Some(after)) => {
            before.iter().zip(after).all(|(one, other)| one == other || spoiled(other))
        }
        (before, after) => before.is_none() == after.is_none(),
    }
}

#[test]
fn dirt_strikes_exact_shares() {
    for dataset in Dataset::ALL {
        let clean = records(&bytes(dataset, 1000, 3, 0.0));
        let dirty = records(&bytes(dataset, 1000, 3, 0.05));
        assert_eq!(dirty.len(), 1050, "{}", dataset.name());
        let (mut cells, mut next, mut repeated) = (BTreeMap::<&str, usize>::new(), 0, 0);
        for (index, row) in clean.iter().enumerate() {
            let spoiled = &dirty[next];
            assert!(may_come_from(Some(row), Some(spoiled)), "{row:?} {spoiled:?}");
            for (_, after) in row.iter().zip(spoiled).filter(|(before, after)| before != after) {
                *cells.entry(after.as_str()).or_default() += 1;
            }
            next += 1;
            // Rows of the vehicle file may be equal anyway: then the row after tells.
            let goes_on = may_come_from(clean.get(index + 1), dirty.get(next))
                && may_come_from(clean.get(index + 2), dirty.get(next + 1));
            if dirty.get(next) == Some(spoiled) && !goes_on {
                repeated += 1;
                next += 1;
            }
        }
        assert_eq!(repeated, 50, "{}", dataset.name());
        let expected: BTreeMap<&str, usize> = [("", 50), ("#VALUE!", 50), ("-999999", 50)].into();
        assert_eq!(cells, expected, "{}", dataset.name());
    }
    let all = bytes(Dataset::Production, 30, 3, 1.0);
    assert_eq!(records(&all).len(), 60);
}

#[test]
fn bad_orders_and_stops_say_what_to_do() {
    let mut out = Vec::new();
    for (rows, dirt) in
        [(0, 0.0), (Dataset::Quality.max_rows() + 1, 0.0), (10, 1.5), (10, -0.1), (10, f64::NAN)]
    {
        let error = generate(Dataset::Quality, rows, 1, dirt, &mut out, &mut || false).unwrap_err();
        assert_eq!(error.sqlstate(), "22023");
        assert!(error.hint().is_some());
    }
    assert!(out.is_empty());
    assert_eq!("tables".parse::<Dataset>().unwrap_err().sqlstate(), "22023");
    for dataset in Dataset::ALL {
        let mut polls = 0;
        let mut check = || {
            polls += 1;
            polls > 3
        };
        let error = generate(dataset, 200_000, 1, 0.0, &mut std::io::sink(), &mut check).unwrap_err();
        assert!(matches!(error, SyntheticError::Stopped { .. }), "{}", dataset.name());
        assert_eq!((error.sqlstate(), polls), ("57014", 4));
    }
    let mut full: &mut [u8] = &mut [0; 10];
    let error = generate(Dataset::Vehicles, 10, 1, 0.0, &mut full, &mut || false).unwrap_err();
    assert_eq!(error.sqlstate(), "58030");
}

#[test]
fn any_small_number_of_rows_works() {
    for dataset in Dataset::ALL {
        for rows in [1, 2, 3, 7, 16, 31] {
            assert_eq!(records(&bytes(dataset, rows, 5, 0.0)).len(), rows, "{}", dataset.name());
        }
    }
}
