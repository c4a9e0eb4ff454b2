//! Production of one plant: a row a day, line and shift, with the machine and vehicle of the shift, the minutes of the
//! time model, units, failures, energy and money.
//!
//! Minutes have one decimal and are computed in tenths, so that `planned_busy = run + setup + delay + down` holds
//! exactly; `ideal_cycle × produced <= run`; `produced = good + scrap + rework`; failures are what repair minutes and
//! part of the down minutes come from. Money is computed in cents. Lines and shifts differ: OEE lies about 0.6 to 0.8.
//!
//! Machines are the Product IDs of the maintenance file's first 15 rows, three a line. Vehicles are twenty Stellantis
//! models of 2015 to 2017 out of the vehicle file of the same seed and of the usual size, four a line.
//!
//! Own dirt, in 1,350 rows, carried over to other numbers of rows: 6 line codes with blanks around them, 5 shift codes and
//! 4 equipment codes in lower case, 4 downtime reasons with blanks around them. None of it loses a row. LF.

use super::maintenance::first_product_ids;
use super::random::{Draws, Selection, scaled};
use super::sheet::{Form, Sheet};
use super::vehicle_models::STELLANTIS;
use super::vehicles::{self, Vehicle};
use super::{Order, SyntheticError};
use jiff::civil::{Date, date};
use md5::{Digest, Md5};
use std::fmt::{Display, Formatter};
use std::io::Write;

const HEADER: &str = "production_date,line_code,shift_code,equipment_code,vehicle_code,calendar_minutes,\
planned_busy_minutes,run_minutes,setup_minutes,delay_minutes,down_minutes,ideal_cycle_minutes,produced_units,\
good_units,scrap_units,rework_units,downtime_reason,failure_count,repair_minutes,energy_kwh,material_cost,scrap_cost,\
rework_cost,unit_price";

/// The last day of the file, however many rows it has.
const LAST_DAY: Date = date(2026, 11, 22);
const USUAL_ROWS: u64 = 1_350;
const LINES: u64 = 5;
const SHIFTS: [&str; 3] = ["EARLY", "LATE", "NIGHT"];
const MACHINES_PER_LINE: u64 = 3;
const VEHICLES_PER_LINE: u64 = 4;

const BLANK_LINES: u64 = 6;
const LOWER_SHIFTS: u64 = 5;
const LOWER_MACHINES: u64 = 4;
const BLANK_REASONS: u64 = 4;

/// What sets a line apart: speed ratio, chance of each of four possible failures a shift, first-pass losses, setup.
struct Line {
    performance: f64,
    failure: f64,
    scrap: f64,
    rework: f64,
    setup_tenths: i64,
}

const LINE_TRAITS: [Line; LINES as usize] = [
    Line { performance: 0.945, failure: 0.12, scrap: 0.012, rework: 0.016, setup_tenths: 90 },
    Line { performance: 0.920, failure: 0.20, scrap: 0.016, rework: 0.022, setup_tenths: 140 },
    Line { performance: 0.895, failure: 0.30, scrap: 0.024, rework: 0.030, setup_tenths: 160 },
    Line { performance: 0.930, failure: 0.18, scrap: 0.014, rework: 0.018, setup_tenths: 120 },
    Line { performance: 0.870, failure: 0.26, scrap: 0.030, rework: 0.026, setup_tenths: 200 },
];

/// Speed lost by shift; the night also plans more breaks.
const SHIFT_SLOWER: [f64; 3] = [0.0, 0.01, 0.025];
const SHIFT_BREAK_TENTHS: [i64; 3] = [300, 300, 350];
/// Planned maintenance on one night a week, by line.
const PLANNED_MAINTENANCE_TENTHS: i64 = 600;

const FAILURE_REASONS: [&str; 4] =
    ["MECHANICAL_FAILURE", "ELECTRICAL_FAILURE", "TOOL_BREAKAGE", "CONTROL_FAULT"];
const OTHER_REASONS: [&str; 4] = ["MATERIAL_SHORTAGE", "QUALITY_HOLD", "OPERATOR_ABSENCE", "UPSTREAM_STOP"];
const NO_REASON: &str = "NONE";

/// Share of the catalogue price that a plant is paid, and share of that which is material.
const TRANSFER_SHARE: f64 = 0.78;
const MATERIAL_SHARE: f64 = 0.61;
/// Share of its material that a scrapped unit loses.
const SCRAP_SHARE: f64 = 0.4;
const REWORK_CENTS: i64 = 18_500;

/// Writes the file.
pub(super) fn write(
    order: &Order,
    out: &mut dyn Write,
    check: &mut dyn FnMut() -> bool,
) -> Result<u64, SyntheticError> {
    let form = Form { crlf: false, bom: false, numeric: 5..24, text: &[16] };
    let mut sheet = Sheet::start(out, check, form, HEADER, order.rows, order.seed, order.dirt)?;
    let machines = first_product_ids();
    let products = products(order.seed)?;
    let mut draws = Draws::new(order.seed, "production");
    let mut flaws = Draws::new(order.seed, "production dirt");
    let of = |count| Selection::new(scaled(count, USUAL_ROWS, order.rows), order.rows);
    let (mut blank_lines, mut lower_shifts) = (of(BLANK_LINES), of(LOWER_SHIFTS));
    let (mut lower_machines, mut blank_reasons) = (of(LOWER_MACHINES), of(BLANK_REASONS));

    let rows_a_day = LINES * SHIFTS.len() as u64;
    let days = order.rows.div_ceil(rows_a_day);
    for row in 0..order.rows {
        let (day, line, shift) =
            (row / rows_a_day, row / SHIFTS.len() as u64 % LINES, row % SHIFTS.len() as u64);
        // Days are counted to the last one, so that longer files repeat the pattern further back.
        let to_last = days - 1 - day;
        let machine = (to_last + shift) % MACHINES_PER_LINE;
        let campaign = (to_last * 3 + 2 - shift) / 2;
        let product = &products[(line * VEHICLES_PER_LINE + campaign % VEHICLES_PER_LINE) as usize];
        let equipment = &machines[(line * MACHINES_PER_LINE + machine) as usize];
        let result = shift_result(line, shift as usize, to_last, campaign, product, &mut draws);

        let line_code = format!("L{}", line + 1);
        let shift_code = SHIFTS[shift as usize];
        sheet.cell(day_before_last(to_last)?);
        if blank_lines.next(flaws.unit()) {
            sheet.cell(format_args!(" {line_code} "));
        } else {
            sheet.cell(line_code);
        }
        if lower_shifts.next(flaws.unit()) {
            sheet.cell(shift_code.to_lowercase());
        } else {
            sheet.cell(shift_code);
        }
        if lower_machines.next(flaws.unit()) {
            sheet.cell(equipment.to_lowercase());
        } else {
            sheet.cell(equipment);
        }
        sheet.cell(&product.code);
        sheet.cell(Tenths(4800));
        for minutes in [result.planned_busy, result.run, result.setup, result.delay, result.down] {
            sheet.cell(Tenths(minutes));
        }
        sheet.cell(Cents(product.cycle_hundredths));
        for units in [result.produced, result.good, result.scrap, result.rework] {
            sheet.cell(units);
        }
        if blank_reasons.next(flaws.unit()) {
            sheet.cell(format_args!("  {} ", result.reason));
        } else {
            sheet.cell(result.reason);
        }
        sheet.cell(result.failures);
        sheet.cell(Tenths(result.repair));
        sheet.cell(Tenths(result.energy));
        sheet.cell(Cents(result.produced * product.material_cents));
        sheet.cell(Cents((result.scrap as f64 * product.material_cents as f64 * SCRAP_SHARE).round() as i64));
        sheet.cell(Cents(result.rework * REWORK_CENTS));
        sheet.cell(Cents(product.price_cents));
        sheet.end_row()?;
    }
    sheet.finish()
}

fn day_before_last(days: u64) -> Result<Date, SyntheticError> {
    LAST_DAY
        .checked_sub(jiff::Span::new().try_days(days as i64).map_err(std::io::Error::other)?)
        .map_err(|error| std::io::Error::other(error).into())
}

/// A vehicle that a line builds.
struct Product {
    code: String,
    cycle_hundredths: i64,
    price_cents: i64,
    material_cents: i64,
}

/// The twenty vehicles, of usual prices, one a model, and one of each make first.
fn products(seed: u64) -> Result<Vec<Product>, SyntheticError> {
    let mut candidates: Vec<(&str, &str, String, u64)> = Vec::new();
    vehicles::each(vehicles::USUAL_ROWS, seed, |vehicle| {
        let known =
            candidates.iter().any(|(make, model, ..)| *make == vehicle.make && *model == vehicle.model);
        let is_usual = (2015..=2017).contains(&vehicle.year) && (10_000..60_000).contains(&vehicle.msrp);
        if !known && is_usual && STELLANTIS.contains(&vehicle.make) {
            candidates.push((vehicle.make, vehicle.model, vehicle_code(vehicle), vehicle.msrp));
        }
        Ok(())
    })?;
    let mut draws = Draws::new(seed, "production vehicles");
    draws.shuffle(&mut candidates);
    let mut ranked: Vec<(usize, usize)> = Vec::with_capacity(candidates.len());
    for (index, candidate) in candidates.iter().enumerate() {
        ranked.push((candidates[..index].iter().filter(|other| other.0 == candidate.0).count(), index));
    }
    ranked.sort_unstable();
    Ok(ranked
        .into_iter()
        .take((LINES * VEHICLES_PER_LINE) as usize)
        .map(|(_, index)| {
            let (_, _, code, msrp) = &candidates[index];
            let price_cents = (*msrp as f64 * 100.0 * TRANSFER_SHARE).round() as i64;
            Product {
                code: code.clone(),
                cycle_hundredths: draws.between(100, 145),
                price_cents,
                material_cents: (price_cents as f64 * MATERIAL_SHARE).round() as i64,
            }
        })
        .collect())
}

/// `MAKE-MODEL-year-hash8` of the cleaned values: `N/A`, `UNKNOWN` and empty cells count as empty texts.
fn vehicle_code(vehicle: &Vehicle) -> String {
    let cleaned = |text: &str| match text.trim() {
        "N/A" | "UNKNOWN" => String::new(),
        text => text.to_owned(),
    };
    let number = |value: Option<u64>| value.map_or(String::new(), |value| value.to_string());
    let parts = [
        cleaned(vehicle.make),
        cleaned(vehicle.model),
        vehicle.year.to_string(),
        cleaned(vehicle.fuel.unwrap_or_default()),
        number(vehicle.hp),
        number(vehicle.cylinders.map(u64::from)),
        cleaned(vehicle.transmission),
        cleaned(vehicle.driven_wheels),
        number(vehicle.doors.map(u64::from)),
        cleaned(&vehicle.category),
        cleaned(vehicle.size),
        cleaned(vehicle.style),
    ];
    let digest = Md5::digest(parts.join("|").as_bytes());
    let hash: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{}-{}-{hash}", code_part(&parts[0]), code_part(&parts[1]), parts[2])
}

/// Upper case, every run of characters other than A-Z and 0-9 as one `_`.
fn code_part(text: &str) -> String {
    let mut part = String::new();
    for letter in text.to_uppercase().chars() {
        if letter.is_ascii_uppercase() || letter.is_ascii_digit() {
            part.push(letter);
        } else if !part.ends_with('_') {
            part.push('_');
        }
    }
    part
}

/// One shift of one line; minutes and kilowatt hours in tenths.
struct ShiftResult {
    planned_busy: i64,
    run: i64,
    setup: i64,
    delay: i64,
    down: i64,
    produced: i64,
    good: i64,
    scrap: i64,
    rework: i64,
    reason: &'static str,
    failures: i64,
    repair: i64,
    energy: i64,
}

fn shift_result(
    line: u64,
    shift: usize,
    to_last: u64,
    campaign: u64,
    product: &Product,
    draws: &mut Draws,
) -> ShiftResult {
    let traits = &LINE_TRAITS[line as usize];
    let is_maintained = shift == 2 && to_last % 7 == line;
    let planned_busy =
        4800 - SHIFT_BREAK_TENTHS[shift] - if is_maintained { PLANNED_MAINTENANCE_TENTHS } else { 0 };
    // The first shift of a campaign changes over to its vehicle.
    let is_changeover = (to_last * 3 + 3 - shift as u64) / 2 != campaign;
    let setup = traits.setup_tenths / 2
        + draws.between(0, traits.setup_tenths)
        + if is_changeover { draws.between(80, 200) } else { 0 };
    let delay = draws.between(40, 260);

    let (mut failures, mut failure_down, mut repair) = (0, 0, 0);
    for _ in 0..4 {
        if draws.chance(traits.failure) {
            let stop = draws.between(60, 420);
            failures += 1;
            failure_down += stop;
            repair += stop * draws.between(50, 95) / 100;
        }
    }
    let other_down = if draws.chance(0.35) { draws.between(30, 250) } else { 0 };
    let failure_reason = FAILURE_REASONS[draws.below(4) as usize];
    let other_reason = OTHER_REASONS[draws.below(4) as usize];
    let reason = match (failure_down, other_down) {
        (0, 0) => NO_REASON,
        (failure, other) if failure >= other => failure_reason,
        _ => other_reason,
    };
    let down = failure_down + other_down;
    let run = planned_busy - setup - delay - down;

    let performance = (traits.performance - SHIFT_SLOWER[shift] + 0.018 * draws.normal()).clamp(0.7, 0.99);
    // Tenths of run minutes by hundredths of cycle minutes; rounded down, so that the ideal never exceeds the run.
    let produced = (run as f64 * 10.0 * performance / product.cycle_hundredths as f64).floor() as i64;
    let mut lost = |share: f64| {
        let units = produced as f64 * share * (1.0 + 0.35 * draws.normal());
        (units.round() as i64).max(0)
    };
    let scrap = lost(traits.scrap);
    let rework = lost(traits.rework);
    let kilowatts = 310.0 * run as f64 + 95.0 * (planned_busy - run) as f64;
    ShiftResult {
        planned_busy,
        run,
        setup,
        delay,
        down,
        produced,
        good: produced - scrap - rework,
        scrap,
        rework,
        reason,
        failures,
        repair,
        energy: (kilowatts / 60.0 * (1.0 + 0.03 * draws.normal())).round() as i64,
    }
}

/// A number printed with one decimal.
struct Tenths(i64);

impl Display for Tenths {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}.{}", self.0 / 10, self.0 % 10)
    }
}

/// A number printed with two decimals.
struct Cents(i64);

impl Display for Cents {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}
