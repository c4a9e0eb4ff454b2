//! Writing of one CSV file: cells, quoting, line ends, the stop that is polled, and the dirt that was asked for.

use super::SyntheticError;
use super::random::{Draws, Selection};
use std::fmt::{Display, Write as _};
use std::io::{BufWriter, Write};

/// What an unparsable number looks like.
const UNPARSABLE: &str = "#VALUE!";
/// A number outside every column's range.
const OUT_OF_RANGE: &str = "-999999";
/// Rows between two looks at `check`.
const POLL_ROWS: u64 = 256;

/// How one file is written.
pub(super) struct Form {
    /// Lines end with CR LF instead of LF.
    pub(super) crlf: bool,
    /// The file starts with a UTF-8 byte order mark.
    pub(super) bom: bool,
    /// Columns with numbers that dirt may spoil.
    pub(super) numeric: std::ops::Range<usize>,
    /// Columns within `numeric` that hold text.
    pub(super) text: &'static [usize],
}

/// One CSV file while it is written. Fill the cells of a row with `cell`, then call `end_row`.
pub(super) struct Sheet<'a> {
    out: BufWriter<&'a mut dyn Write>,
    check: &'a mut dyn FnMut() -> bool,
    form: Form,
    cells: Vec<String>,
    used: usize,
    line: String,
    written: u64,
    polled: u64,
    dirt: Dirt,
}

impl<'a> Sheet<'a> {
    /// Writes the header; `rows` is the number of rows that will come.
    pub(super) fn start(
        out: &'a mut dyn Write,
        check: &'a mut dyn FnMut() -> bool,
        form: Form,
        header: &str,
        rows: u64,
        seed: u64,
        dirt: f64,
    ) -> Result<Self, SyntheticError> {
        let mut out = BufWriter::with_capacity(1 << 16, out);
        if form.bom {
            out.write_all(b"\xef\xbb\xbf")?;
        }
        out.write_all(header.as_bytes())?;
        out.write_all(if form.crlf { b"\r\n" } else { b"\n" })?;
        let dirt = Dirt::new(rows, seed, dirt);
        Ok(Self {
            out,
            check,
            form,
            cells: Vec::new(),
            used: 0,
            line: String::new(),
            written: 0,
            polled: 0,
            dirt,
        })
    }

    /// Adds a cell to the row.
    pub(super) fn cell(&mut self, value: impl Display) {
        if self.used == self.cells.len() {
            self.cells.push(String::new());
        }
        let cell = &mut self.cells[self.used];
        cell.clear();
        // Writing to a String cannot fail.
        let _ = write!(cell, "{value}");
        self.used += 1;
    }

    /// Adds an empty cell.
    pub(super) fn empty(&mut self) {
        self.cell("");
    }

    /// Applies the dirt and writes the row, twice where the dirt says so.
    pub(super) fn end_row(&mut self) -> Result<(), SyntheticError> {
        let cells = &mut self.cells[..self.used];
        let copies = 1 + u64::from(self.dirt.spoil(cells, &self.form));
        self.line.clear();
        for (index, cell) in cells.iter().enumerate() {
            if index > 0 {
                self.line.push(',');
            }
            if cell.contains([',', '"']) {
                self.line.push('"');
                self.line.push_str(&cell.replace('"', "\"\""));
                self.line.push('"');
            } else {
                self.line.push_str(cell);
            }
        }
        self.line.push_str(if self.form.crlf { "\r\n" } else { "\n" });
        for _ in 0..copies {
            self.out.write_all(self.line.as_bytes())?;
        }
        self.written += copies;
        self.used = 0;
        self.poll()
    }

    /// Counts a unit of work (a row) and stops when `check` says so.
    pub(super) fn poll(&mut self) -> Result<(), SyntheticError> {
        self.polled += 1;
        if self.polled % POLL_ROWS == 1 && (self.check)() {
            return Err(SyntheticError::Stopped { rows: self.written });
        }
        Ok(())
    }

    /// Flushes the file; the number of rows written.
    pub(super) fn finish(mut self) -> Result<u64, SyntheticError> {
        self.out.flush()?;
        Ok(self.written)
    }
}

/// The dirt that was asked for: each kind strikes exactly `dirt` × rows rows (rounded), chosen at random and
/// independently of the other kinds.
struct Dirt {
    draws: Draws,
    missing: Selection,
    unparsable: Selection,
    out_of_range: Selection,
    duplicate: Selection,
    open: Vec<usize>,
}

impl Dirt {
    fn new(rows: u64, seed: u64, dirt: f64) -> Self {
        let selection = Selection::new((dirt * rows as f64).round() as u64, rows);
        Self {
            draws: Draws::new(seed, "dirt"),
            missing: selection,
            unparsable: selection,
            out_of_range: selection,
            duplicate: selection,
            open: Vec::new(),
        }
    }

    /// Spoils the cells; true when the row is to be written twice. No cell is struck twice.
    fn spoil(&mut self, cells: &mut [String], form: &Form) -> bool {
        let units = [self.draws.unit(), self.draws.unit(), self.draws.unit(), self.draws.unit()];
        if self.unparsable.next(units[0]) {
            self.strike(cells, form, UNPARSABLE);
        }
        if self.out_of_range.next(units[1]) {
            self.strike(cells, form, OUT_OF_RANGE);
        }
        if self.missing.next(units[2]) {
            self.strike(cells, form, "");
        }
        self.duplicate.next(units[3])
    }

    fn strike(&mut self, cells: &mut [String], form: &Form, with: &str) {
        self.open.clear();
        for (index, cell) in cells.iter().enumerate() {
            let number = form.numeric.contains(&index) && !form.text.contains(&index);
            let spoiled = cell == UNPARSABLE || cell == OUT_OF_RANGE;
            if !cell.is_empty() && !spoiled && (number || with.is_empty()) {
                self.open.push(index);
            }
        }
        let choice = self.draws.below(self.open.len() as u64) as usize;
        if let Some(&index) = self.open.get(choice) {
            cells[index].clear();
            cells[index].push_str(with);
        }
    }
}
