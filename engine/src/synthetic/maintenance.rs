//! Machine readings in the form of AI4I 2020 (S. Matzka, doi 10.1109/AI4I49448.2020.00023), after the process that the
//! published file follows, which differs from its description in shares, limits and labels:
//!
//! * types L, M, H 60, 30, 10 %; the number in a Product ID is the row's plus an offset of its type;
//! * air temperature: random walk of mean 300 K and deviation 2 K; process temperature: 10 K above it plus a walk of
//!   deviation 1 K; both printed with one decimal, the process temperature without `.0`;
//! * torque |N(40, 10)| Nm; speed a falling function of torque plus N(0, 50) rpm;
//! * wear grows by 2, 3 or 5 minutes by the previous row's type until the tool's limit, N(214.5, 10.5) in 198..253;
//! * TWF: on a tool's last row, 46 in 119; HDF: process less air temperature < 8.6 K *before rounding* and speed < 1380;
//!   PWF: power outside 3,500..9,000 W and OSF: wear × torque > 11,000, 12,000 or 13,000 min Nm, both from printed values;
//!   RNF: one row in a thousand, which does not set the failure;
//! * the failure is TWF, HDF, PWF or OSF, and 9 in 10,000 rows have one without a mode.
//!
//! Own dirt: byte order mark, CR LF, failures without a mode, RNF without a failure. The number of HDF varies widely
//! with the walk (about 10 to 230 in 10,000 rows).

use super::random::Draws;
use super::sheet::{Form, Sheet};
use super::{Order, SyntheticError};
use std::f64::consts::PI;
use std::io::Write;

const HEADER: &str = "UDI,Product ID,Type,Air temperature [K],Process temperature [K],Rotational speed [rpm],Torque [Nm],\
Tool wear [min],Machine failure,TWF,HDF,PWF,OSF,RNF";

/// Types of the first rows, as published, so that the machines of the production file exist in both files.
const FIRST_TYPES: &[u8; 15] = b"MLLLLMLLMMHHMML";

/// Torque in Nm and the mean speed in rpm at it.
const SPEED_AT_TORQUE: [(f64, f64); 20] = [
    (3.8, 2885.0),
    (8.0, 2764.0),
    (10.0, 2692.0),
    (12.0, 2673.0),
    (14.0, 2425.0),
    (16.0, 2224.0),
    (18.0, 2119.0),
    (20.0, 1983.0),
    (22.5, 1892.0),
    (25.0, 1800.0),
    (27.5, 1728.0),
    (30.0, 1664.0),
    (35.0, 1572.0),
    (40.0, 1496.0),
    (45.0, 1443.0),
    (50.0, 1400.0),
    (55.0, 1364.0),
    (60.0, 1333.0),
    (65.0, 1298.0),
    (76.6, 1264.0),
];

/// Product IDs of the first 15 rows, whatever the seed.
pub(super) fn first_product_ids() -> [String; 15] {
    std::array::from_fn(|index| product_id(index as u64 + 1, FIRST_TYPES[index]))
}

fn product_id(udi: u64, product_type: u8) -> String {
    let offset = match product_type {
        b'L' => 47_179,
        b'M' => 14_859,
        _ => 29_413,
    };
    format!("{}{}", char::from(product_type), udi + offset)
}

/// Writes the file.
pub(super) fn write(
    order: &Order,
    out: &mut dyn Write,
    check: &mut dyn FnMut() -> bool,
) -> Result<u64, SyntheticError> {
    let form = Form { crlf: true, bom: true, numeric: 3..8, text: &[] };
    let mut sheet = Sheet::start(out, check, form, HEADER, order.rows, order.seed, order.dirt)?;
    let mut air_walk = Walk::new(order, "maintenance air", 2.0, &mut sheet)?;
    let mut gap_walk = Walk::new(order, "maintenance gap", 1.0, &mut sheet)?;
    let mut draws = Draws::new(order.seed, "maintenance");
    let mut wear = 0;
    let mut limit = wear_limit(&mut draws);

    for udi in 1..=order.rows {
        let drawn_type = match draws.unit() {
            share if share < 0.6 => b'L',
            share if share < 0.9 => b'M',
            _ => b'H',
        };
        let product_type = FIRST_TYPES.get(udi as usize - 1).copied().unwrap_or(drawn_type);
        let air = 300.0 + air_walk.step();
        let process = air + 10.0 + gap_walk.step();
        let torque = ((40.0 + 10.0 * draws.normal()).abs() * 10.0).round() / 10.0;
        let speed = (mean_speed(torque) + 50.0 * draws.normal()).round();

        let (wear_step, strain_limit) = match product_type {
            b'L' => (2, 11_000.0),
            b'M' => (3, 12_000.0),
            _ => (5, 13_000.0),
        };
        let power = torque * speed * 2.0 * PI / 60.0;
        let last_row_of_tool = f64::from(wear) >= limit;
        let twf = draws.chance(46.0 / 119.0) && last_row_of_tool;
        let hdf = process - air < 8.6 && speed < 1380.0;
        let pwf = !(3500.0..=9000.0).contains(&power);
        let osf = f64::from(wear) * torque > strain_limit;
        let rnf = draws.chance(0.001);
        let failure = twf || hdf || pwf || osf || draws.chance(0.0009);

        sheet.cell(udi);
        sheet.cell(product_id(udi, product_type));
        sheet.cell(char::from(product_type));
        sheet.cell(format_args!("{air:.1}"));
        sheet.cell((process * 10.0).round() / 10.0);
        sheet.cell(speed);
        sheet.cell(format_args!("{torque:.1}"));
        sheet.cell(wear);
        for flag in [failure, twf, hdf, pwf, osf, rnf] {
            sheet.cell(u8::from(flag));
        }
        sheet.end_row()?;

        if last_row_of_tool {
            wear = 0;
            limit = wear_limit(&mut draws);
        } else {
            wear += wear_step;
        }
    }
    sheet.finish()
}

fn wear_limit(draws: &mut Draws) -> f64 {
    (214.5 + 10.5 * draws.normal()).clamp(198.0, 253.0)
}

/// Linear between the knots, flat beyond them.
fn mean_speed(torque: f64) -> f64 {
    let mut previous = SPEED_AT_TORQUE[0];
    for knot in SPEED_AT_TORQUE {
        if torque <= knot.0 {
            let width = knot.0 - previous.0;
            let share = if width > 0.0 { (torque - previous.0) / width } else { 0.0 };
            return previous.1 + share * (knot.1 - previous.1);
        }
        previous = knot;
    }
    previous.1
}

/// A random walk scaled to mean 0 and a given deviation over the whole file. It is walked twice, once to measure it,
/// so that no number of rows needs memory.
struct Walk {
    draws: Draws,
    level: f64,
    mean: f64,
    scale: f64,
}

impl Walk {
    fn new(
        order: &Order,
        subject: &str,
        deviation: f64,
        sheet: &mut Sheet<'_>,
    ) -> Result<Self, SyntheticError> {
        let mut draws = Draws::new(order.seed, subject);
        let (mut level, mut mean, mut squares) = (0.0, 0.0, 0.0);
        for row in 1..=order.rows {
            level += draws.normal();
            let from_mean: f64 = level - mean;
            mean += from_mean / row as f64;
            squares += from_mean * (level - mean);
            sheet.poll()?;
        }
        let measured = (squares / order.rows as f64).sqrt();
        let scale = if measured > 0.0 { deviation / measured } else { 0.0 };
        Ok(Self { draws: Draws::new(order.seed, subject), level: 0.0, mean, scale })
    }

    fn step(&mut self) -> f64 {
        self.level += self.draws.normal();
        (self.level - self.mean) * self.scale
    }
}
