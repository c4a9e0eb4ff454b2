//! The vehicle catalogue: one row a make, model, year and trim, after the car lists that dealers publish.
//!
//! Own dirt, in 11,914 rows, carried over to other numbers of rows: 715 rows written twice, market category `N/A` (about
//! 3,700), transmission `UNKNOWN` (19), empty horse power (69), cylinders (30), doors (6) and fuel type (3), one car of
//! 354 highway mpg, and a price of 2,000 dollars that only holds the place (about 1,000 cars of years up to 2000). Rows
//! written twice repeat these cells, so that they may be a few more. LF.
//!
//! No two rows are equal but those written twice.

use super::random::{Draws, Selection, scaled};
use super::sheet::{Form, Sheet};
use super::vehicle_models::{MODELS, Model};
use super::{Order, SyntheticError};
use std::io::Write;

/// Rows of the usual file.
pub(super) const USUAL_ROWS: u64 = 11_914;

const HEADER: &str = "Make,Model,Year,Engine Fuel Type,Engine HP,Engine Cylinders,Transmission Type,Driven_Wheels,\
Number of Doors,Market Category,Vehicle Size,Vehicle Style,highway MPG,city mpg,Popularity,MSRP";

const REPEATED: u64 = 715;
const UNKNOWN_TRANSMISSIONS: u64 = 19;
const MISSING_HP: u64 = 69;
const MISSING_CYLINDERS: u64 = 30;
const MISSING_DOORS: u64 = 6;
const MISSING_FUELS: u64 = 3;
const IMPOSSIBLE_MPG: u64 = 1;
const IMPOSSIBLE_HIGHWAY_MPG: u16 = 354;
const PLACEHOLDER_MSRP: u64 = 2_000;
/// Cars up to this year mostly have the placeholder price.
const LAST_PLACEHOLDER_YEAR: u16 = 2000;
const PLACEHOLDER_SHARE: f64 = 0.94;

/// One row of the file; `None` is an empty cell.
pub(super) struct Vehicle {
    pub(super) make: &'static str,
    pub(super) model: &'static str,
    pub(super) year: u16,
    pub(super) fuel: Option<&'static str>,
    pub(super) hp: Option<u64>,
    pub(super) cylinders: Option<u8>,
    pub(super) transmission: &'static str,
    pub(super) driven_wheels: &'static str,
    pub(super) doors: Option<u8>,
    pub(super) category: String,
    pub(super) size: &'static str,
    pub(super) style: &'static str,
    pub(super) highway_mpg: u16,
    pub(super) city_mpg: u16,
    pub(super) popularity: u64,
    pub(super) msrp: u64,
    /// The row is written twice.
    pub(super) repeated: bool,
}

/// Writes the file.
pub(super) fn write(
    order: &Order,
    out: &mut dyn Write,
    check: &mut dyn FnMut() -> bool,
) -> Result<u64, SyntheticError> {
    let form = Form { crlf: false, bom: false, numeric: 2..16, text: &[3, 6, 7, 9, 10, 11] };
    let mut sheet = Sheet::start(out, check, form, HEADER, order.rows, order.seed, order.dirt)?;
    each(order.rows, order.seed, |vehicle| {
        for _ in 0..1 + u8::from(vehicle.repeated) {
            write_row(&mut sheet, vehicle)?;
        }
        Ok(())
    })?;
    sheet.finish()
}

fn write_row(sheet: &mut Sheet<'_>, vehicle: &Vehicle) -> Result<(), SyntheticError> {
    sheet.cell(vehicle.make);
    sheet.cell(vehicle.model);
    sheet.cell(vehicle.year);
    sheet.cell(vehicle.fuel.unwrap_or_default());
    match vehicle.hp {
        Some(hp) => sheet.cell(hp),
        None => sheet.empty(),
    }
    match vehicle.cylinders {
        Some(cylinders) => sheet.cell(cylinders),
        None => sheet.empty(),
    }
    sheet.cell(vehicle.transmission);
    sheet.cell(vehicle.driven_wheels);
    match vehicle.doors {
        Some(doors) => sheet.cell(doors),
        None => sheet.empty(),
    }
    sheet.cell(if vehicle.category.is_empty() { "N/A" } else { &vehicle.category });
    sheet.cell(vehicle.size);
    sheet.cell(vehicle.style);
    sheet.cell(vehicle.highway_mpg);
    sheet.cell(vehicle.city_mpg);
    sheet.cell(vehicle.popularity);
    sheet.cell(vehicle.msrp);
    sheet.end_row()
}

/// Hands on the distinct rows of the file of `rows` rows, in its order.
pub(super) fn each(
    rows: u64,
    seed: u64,
    mut take: impl FnMut(&Vehicle) -> Result<(), SyntheticError>,
) -> Result<(), SyntheticError> {
    let mut draws = Draws::new(seed, "vehicles");
    let repeated = scaled(REPEATED, USUAL_ROWS, rows).min(rows / 2);
    let distinct = rows - repeated;
    let mut flaws = Flaws::new(rows, distinct, repeated);

    let slots: u64 = MODELS.iter().flat_map(model_years).map(|(_, _, weight)| weight).sum();
    let (mut passed, mut done) = (0, 0);
    let mut make = ("", 0);
    for (model, year, weight) in MODELS.iter().flat_map(model_years) {
        if make.0 != model.make {
            make = (model.make, popularity(seed, model.make));
        }
        passed += weight;
        // The rows are shared out among model years by weight; together they are exactly `distinct`.
        let due = scaled(passed, slots, distinct);
        let trims = due - done;
        done = due;
        for trim in 0..trims {
            let mut vehicle = trim_of(model, year, trim, trims, make.1, &mut draws);
            flaws.apply(&mut vehicle, &mut draws);
            take(&vehicle)?;
        }
    }
    Ok(())
}

/// The years of a model with the weight of each: recent years have more trims in such lists.
fn model_years(model: &'static Model) -> impl Iterator<Item = (&'static Model, u16, u64)> {
    (model.years.0..=model.years.1).map(move |year| {
        let weight = match year {
            ..=2000 => 11,
            2001..=2010 => 20,
            2011..=2014 => 30,
            _ => 70,
        };
        (model, year, weight)
    })
}

/// Mentions of a make, an unbounded score that all its rows share.
fn popularity(seed: u64, make: &str) -> u64 {
    let mut draws = Draws::new(seed, &format!("popularity {make}"));
    (900.0 * (0.9 * draws.normal()).exp()).clamp(2.0, 5_700.0) as u64
}

fn trim_of(
    model: &'static Model,
    year: u16,
    trim: u64,
    trims: u64,
    popularity: u64,
    draws: &mut Draws,
) -> Vehicle {
    let age = f64::from(model.years.1 - year);
    let is_old = year <= LAST_PLACEHOLDER_YEAR;
    // Old cars differ in power, so that rows with the placeholder price are still distinct; of new ones two trims share it.
    let tune = if is_old { trim } else { trim / 2 };
    let step = (0.08f64).min(1.5 / trims as f64);
    let price = f64::from(model.msrp) * (1.0 - 0.018 * age).max(0.5);
    let price = price * (1.0 + step * (trim as f64 + 0.3 * draws.unit()));
    let is_placeholder = is_old && trim < 20 && draws.chance(PLACEHOLDER_SHARE);
    let slower = (1.0 - 0.006 * age).max(0.6);
    let thirst = (1.0 - 0.008 * age).max(0.7) * (1.0 - 0.015 * (tune % 10) as f64);
    let drive = if trim % 3 == 1 && model.style.ends_with("SUV") { 'A' } else { model.drive };
    let gear = if trim % 4 == 2 && model.gear == 'M' { 'A' } else { model.gear };
    let mut category = model.category.to_owned();
    if model.fuel == 'F' && trim.is_multiple_of(2) {
        category = if category.is_empty() { "Flex Fuel".to_owned() } else { format!("Flex Fuel,{category}") };
    }
    if trim >= 6 && !category.is_empty() && !category.contains("Performance") {
        category.push_str(",Performance");
    }
    Vehicle {
        make: model.make,
        model: model.model,
        year,
        fuel: Some(fuel_name(model.fuel)),
        hp: Some((f64::from(model.hp) * slower).round() as u64 + 6 * (tune % 20)),
        cylinders: Some(model.cylinders),
        transmission: gear_name(gear),
        driven_wheels: drive_name(drive),
        doors: Some(model.doors),
        category,
        size: size_name(model.size),
        style: model.style,
        highway_mpg: (f64::from(model.highway_mpg) * thirst).round() as u16,
        city_mpg: (f64::from(model.city_mpg) * thirst).round() as u16,
        popularity,
        msrp: if is_placeholder { PLACEHOLDER_MSRP } else { (price / 5.0).round() as u64 * 5 },
        repeated: false,
    }
}

fn fuel_name(code: char) -> &'static str {
    match code {
        'Q' => "premium unleaded (recommended)",
        'P' => "premium unleaded (required)",
        'F' => "flex-fuel (unleaded/E85)",
        'D' => "diesel",
        'E' => "electric",
        _ => "regular unleaded",
    }
}

fn gear_name(code: char) -> &'static str {
    match code {
        'M' => "MANUAL",
        'S' => "AUTOMATED_MANUAL",
        'D' => "DIRECT_DRIVE",
        _ => "AUTOMATIC",
    }
}

fn drive_name(code: char) -> &'static str {
    match code {
        'F' => "front wheel drive",
        'A' => "all wheel drive",
        '4' => "four wheel drive",
        _ => "rear wheel drive",
    }
}

fn size_name(code: char) -> &'static str {
    match code {
        'C' => "Compact",
        'M' => "Midsize",
        _ => "Large",
    }
}

/// The file's own dirt. A flaw that falls on a row that cannot bear it waits for the next that can.
struct Flaws {
    selections: [(Selection, Flaw); 7],
    owed: [u64; 7],
}

#[derive(Clone, Copy)]
enum Flaw {
    Mpg,
    Repeated,
    Hp,
    Cylinders,
    Transmission,
    Doors,
    Fuel,
}

impl Flaws {
    fn new(rows: u64, distinct: u64, repeated: u64) -> Self {
        let of = |count, flaw| (Selection::new(scaled(count, USUAL_ROWS, rows), distinct), flaw);
        Self {
            selections: [
                of(IMPOSSIBLE_MPG, Flaw::Mpg),
                (Selection::new(repeated, distinct), Flaw::Repeated),
                of(MISSING_HP, Flaw::Hp),
                of(MISSING_CYLINDERS, Flaw::Cylinders),
                of(UNKNOWN_TRANSMISSIONS, Flaw::Transmission),
                of(MISSING_DOORS, Flaw::Doors),
                of(MISSING_FUELS, Flaw::Fuel),
            ],
            owed: [0; 7],
        }
    }

    fn apply(&mut self, vehicle: &mut Vehicle, draws: &mut Draws) {
        for ((selection, flaw), owed) in self.selections.iter_mut().zip(&mut self.owed) {
            *owed += u64::from(selection.next(draws.unit()));
            if *owed > 0 && strike(vehicle, *flaw) {
                *owed -= 1;
            }
        }
    }
}

fn strike(vehicle: &mut Vehicle, flaw: Flaw) -> bool {
    match flaw {
        Flaw::Mpg => vehicle.highway_mpg = IMPOSSIBLE_HIGHWAY_MPG,
        // There is one impossible car.
        Flaw::Repeated if vehicle.highway_mpg == IMPOSSIBLE_HIGHWAY_MPG => return false,
        Flaw::Repeated => vehicle.repeated = true,
        // Power is what sets the cars with the placeholder price apart.
        Flaw::Hp if vehicle.msrp == PLACEHOLDER_MSRP => return false,
        Flaw::Hp => vehicle.hp = None,
        Flaw::Cylinders => vehicle.cylinders = None,
        Flaw::Transmission => vehicle.transmission = "UNKNOWN",
        Flaw::Doors => vehicle.doors = None,
        Flaw::Fuel => vehicle.fuel = None,
    }
    true
}
