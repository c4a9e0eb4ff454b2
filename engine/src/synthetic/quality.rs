//! Inspections in the form of SECOM (M. McCann and A. Johnston, doi 10.24432/C54305): a time, 590 anonymous sensors, and
//! pass (-1) or fail (1). Only summary figures of the published file are used, carried over to the asked-for rows:
//!
//! * 104 fails in 1,567 rows; twenty sensors lie 0.15 to 0.45 deviations higher or lower in failed rows;
//! * 116 sensors are constant, 104 of them equal to an earlier one cell by cell;
//! * 41,951 empty cells in 1,567 rows, unevenly spread: a few groups of sensors are mostly empty, together, because a
//!   group was not measured at all; constant sensors miss a few cells too;
//! * measuring times ascend from 2008-07-19 to 2008-10-17, 33 of 1,567 repeat their predecessor's. In rows of days 1 to
//!   12 day and month are printed swapped: 582 of 1,567 rows, not counting those where that changes nothing (08-08);
//! * CR LF; numbers always with a point, up to four decimals, some with the noise of binary fractions
//!   (`1.7730000000000001`).
//!
//! All of that is the file's own dirt. Up to 10,000 rows times are whole minutes, beyond that whole seconds.

use super::random::{Draws, Selection, scaled};
use super::sheet::{Form, Sheet};
use super::{Order, SyntheticError};
use jiff::civil::{Date, date};
use std::io::Write;

const SENSORS: usize = 590;
/// Summary figures of the published file.
const REAL_ROWS: u64 = 1_567;
const REAL_FAILS: u64 = 104;
const REAL_EMPTY_CELLS: u64 = 41_951;
const REAL_SWAPPED: u64 = 582;
const REAL_REPEATS: u64 = 33;

/// Value of each kind of constant sensor, how many sensors are of the kind, and empty cells of each in 1,567 rows.
/// Sensors of a kind are equal: 116 sensors less 12 kinds are 104 duplicates.
const CONSTANTS: [(f64, usize, u64); 12] = [
    (0.0, 70, 4),
    (1.0, 12, 6),
    (100.0, 8, 9),
    (70.0, 6, 2),
    (0.5, 5, 14),
    (10.0, 4, 24),
    (2.0, 3, 6),
    (20.0, 3, 52),
    (50.0, 2, 9),
    (5.0, 1, 260),
    (200.0, 1, 7),
    (1000.0, 1, 24),
];

/// Groups of varying sensors that are measured together: sensors, and how empty they are. Shares weigh the empty cells
/// among the sensors; their sum is brought to the asked-for total.
const GROUPS: [(usize, f64); 10] = [
    (8, 0.885),
    (12, 0.65),
    (4, 0.606),
    (8, 0.48),
    (16, 0.17),
    (24, 0.0153),
    (50, 0.0058),
    (140, 0.0038),
    (160, 0.0016),
    (52, 0.0),
];

/// Sensors that tell something of the fail, and by how many standard deviations at least and at most.
const SIGNAL_SENSORS: usize = 20;
const SIGNAL_SD: (f64, f64) = (0.15, 0.45);
/// Hidden conditions of the process that sensors share.
const FACTORS: usize = 40;
/// How much of a factor's value the next row keeps.
const FACTOR_MEMORY: f64 = 0.5;
/// Share of cells printed with the noise of binary fractions.
const NOISY_PRINT: f64 = 0.05;
/// Most rows whose times are whole minutes.
const MINUTE_ROWS: u64 = 10_000;

/// Writes the file.
pub(super) fn write(
    order: &Order,
    out: &mut dyn Write,
    check: &mut dyn FnMut() -> bool,
) -> Result<u64, SyntheticError> {
    let mut header = String::from("Time");
    for sensor in 0..SENSORS {
        header.push_str(&format!(",{sensor}"));
    }
    header.push_str(",Pass/Fail");
    let form = Form { crlf: true, bom: false, numeric: 1..SENSORS + 1, text: &[] };
    let mut sheet = Sheet::start(out, check, form, &header, order.rows, order.seed, order.dirt)?;

    let times = measuring_times(order, &mut sheet)?;
    let mut draws = Draws::new(order.seed, "quality");
    let mut sensors = sensors(order, &mut draws);
    let mut fails = Selection::new(scaled(REAL_FAILS, REAL_ROWS, order.rows), order.rows);
    let mut factors = [0.0; FACTORS];
    let mut group_units = [0.0; CONSTANTS.len() + GROUPS.len()];
    for seconds in times {
        let failed = fails.next(draws.unit());
        let innovation = (1.0 - FACTOR_MEMORY * FACTOR_MEMORY).sqrt();
        for factor in &mut factors {
            *factor = FACTOR_MEMORY * *factor + innovation * draws.normal();
        }
        for unit in &mut group_units {
            *unit = draws.unit();
        }
        sheet.cell(printed_time(seconds));
        for sensor in &mut sensors {
            if sensor.empty.next(group_units[sensor.group]) {
                sheet.empty();
            } else {
                sheet.cell(format_args!("{:?}", sensor.kind.value(&factors, failed, &mut draws)));
            }
        }
        sheet.cell(if failed { "1" } else { "-1" });
        sheet.end_row()?;
    }
    sheet.finish()
}

/// One column.
struct Sensor {
    /// Sensors of a group share the draws that say which rows are empty.
    group: usize,
    empty: Selection,
    kind: Kind,
}

enum Kind {
    Constant(f64),
    Varying {
        centre: f64,
        spread: f64,
        /// Values are log-normal rather than normal.
        skewed: bool,
        factor: usize,
        loading: f64,
        /// Standard deviations that a fail adds.
        signal: f64,
        /// Ten to the power of the decimals that are printed.
        precision: f64,
    },
}

impl Kind {
    fn value(&self, factors: &[f64; FACTORS], failed: bool, draws: &mut Draws) -> f64 {
        match *self {
            Self::Constant(value) => value,
            Self::Varying { centre, spread, skewed, factor, loading, signal, precision } => {
                let own = (1.0 - loading * loading).sqrt() * draws.normal();
                let score = loading * factors[factor] + own + if failed { signal } else { 0.0 };
                let value = if skewed {
                    centre + spread * ((0.8 * score).exp() - 1.0)
                } else {
                    centre + spread * score
                };
                let units = (value * precision).round();
                // Adding 0 turns -0 into 0.
                let value =
                    if draws.chance(NOISY_PRINT) { units * (1.0 / precision) } else { units / precision };
                value + 0.0
            }
        }
    }
}

/// All columns in their order, with the empty cells shared out so that their number is exact.
fn sensors(order: &Order, draws: &mut Draws) -> Vec<Sensor> {
    let mut sensors = Vec::with_capacity(SENSORS);
    let mut constant_empty = 0;
    for (group, (value, columns, empty)) in CONSTANTS.into_iter().enumerate() {
        let empty = scaled(empty, REAL_ROWS, order.rows);
        constant_empty += empty * columns as u64;
        for _ in 0..columns {
            sensors.push(Sensor {
                group,
                empty: Selection::new(empty, order.rows),
                kind: Kind::Constant(value),
            });
        }
    }

    let total = scaled(REAL_EMPTY_CELLS, REAL_ROWS, order.rows).saturating_sub(constant_empty);
    let weights: f64 = GROUPS.iter().map(|(columns, share)| *columns as f64 * share).sum();
    let (mut weight, mut given) = (0.0, 0);
    for (group, (columns, share)) in GROUPS.into_iter().enumerate() {
        for _ in 0..columns {
            weight += share;
            let due = (total as f64 * (weight / weights)).round() as u64;
            let empty = due - given;
            given = due;
            sensors.push(Sensor {
                group: CONSTANTS.len() + group,
                empty: Selection::new(empty, order.rows),
                kind: varying(draws),
            });
        }
    }
    let varying = CONSTANTS.iter().map(|(_, columns, _)| columns).sum::<usize>()..SENSORS;
    let mut telling: Vec<usize> = varying.collect();
    draws.shuffle(&mut telling);
    for index in telling.into_iter().take(SIGNAL_SENSORS) {
        if let Kind::Varying { signal, .. } = &mut sensors[index].kind {
            let size = SIGNAL_SD.0 + (SIGNAL_SD.1 - SIGNAL_SD.0) * draws.unit();
            *signal = if draws.chance(0.5) { size } else { -size };
        }
    }
    draws.shuffle(&mut sensors);
    sensors
}

/// A sensor of an unknown quantity: scales over seven powers of ten, spread from half a percent to some times the mean.
fn varying(draws: &mut Draws) -> Kind {
    let size = 10f64.powf((0.4 + 1.5 * draws.normal()).clamp(-1.5, 4.0));
    let spread = (size * 10f64.powf((-0.4 + 0.6 * draws.normal()).clamp(-2.3, 0.6))).max(0.005);
    let loading = if draws.chance(0.25) { 0.96 } else { 0.8 * draws.unit() };
    Kind::Varying {
        centre: if draws.chance(0.08) { -size } else { size },
        spread,
        skewed: draws.chance(0.6),
        factor: draws.below(FACTORS as u64) as usize,
        loading,
        signal: 0.0,
        precision: if size > 1000.0 { 100.0 } else { 10_000.0 },
    }
}

/// Measuring days: 2008-07-19 to 2008-10-17.
const FIRST_DAY: Date = date(2008, 7, 19);
const DAYS: u64 = 91;
const DAY_SECONDS: u64 = 86_400;

/// Ascending times of the rows, in seconds after midnight of the first day.
fn measuring_times(order: &Order, sheet: &mut Sheet<'_>) -> Result<Vec<u64>, SyntheticError> {
    let mut draws = Draws::new(order.seed, "quality times");
    let rows = order.rows;
    let swapped = scaled(REAL_SWAPPED, REAL_ROWS, rows);
    let repeats = scaled(REAL_REPEATS, REAL_ROWS, rows);
    let swapped_repeats = scaled(swapped, rows, repeats);
    // Some days are busy, some nearly idle.
    let load: Vec<f64> = (0..DAYS).map(|_| (0.9 * draws.normal()).exp().clamp(0.2, 2.5)).collect();

    let mut times = Vec::new();
    for (wanted, repeated, swaps) in
        [(swapped, swapped_repeats, true), (rows - swapped, repeats - swapped_repeats, false)]
    {
        let days: Vec<u64> = (0..DAYS).filter(|day| is_swapped(day_of(*day)) == swaps).collect();
        let distinct = wanted - repeated;
        let mut chosen: Vec<u64> = Vec::new();
        if !swaps {
            // The first and the last day are always there.
            let ends = [time_on(0, rows, &mut draws), time_on(DAYS - 1, rows, &mut draws)];
            chosen.extend(ends.into_iter().take(distinct as usize));
        }
        while (chosen.len() as u64) < distinct {
            for _ in chosen.len() as u64..distinct {
                let day = busy_day(&days, &load, &mut draws);
                chosen.push(time_on(day, rows, &mut draws));
                sheet.poll()?;
            }
            chosen.sort_unstable();
            chosen.dedup();
        }
        let mut repeat = Selection::new(repeated, distinct);
        for time in chosen {
            times.push(time);
            if repeat.next(draws.unit()) {
                times.push(time);
            }
        }
    }
    times.sort_unstable();
    Ok(times)
}

/// A day out of `days`, by its load (rejection).
fn busy_day(days: &[u64], load: &[f64], draws: &mut Draws) -> u64 {
    loop {
        let day = days[draws.below(days.len() as u64) as usize];
        if draws.unit() * 2.5 < load[day as usize] {
            return day;
        }
    }
}

fn time_on(day: u64, rows: u64, draws: &mut Draws) -> u64 {
    let step = if rows <= MINUTE_ROWS { 60 } else { 1 };
    day * DAY_SECONDS + draws.below(DAY_SECONDS / step) * step
}

fn day_of(day: u64) -> Date {
    // 91 days after a day of 2008 there is a date: saturation never happens.
    FIRST_DAY.saturating_add(jiff::Span::new().days(day as i64))
}

/// Whether swapping day and month gives another date.
fn is_swapped(day: Date) -> bool {
    day.day() <= 12 && day.day() != day.month()
}

fn printed_time(seconds: u64) -> String {
    let day = day_of(seconds / DAY_SECONDS);
    let second = seconds % DAY_SECONDS;
    let (month, day_of_month) =
        if day.day() <= 12 { (day.day(), day.month()) } else { (day.month(), day.day()) };
    format!(
        "{:04}-{month:02}-{day_of_month:02} {:02}:{:02}:{:02}",
        day.year(),
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}
