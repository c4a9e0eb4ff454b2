//! Cuts the bytes of a file into records and fields, with the line, the offset and the original bytes of each.

use std::ops::Range;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder, Terminator};
use memchr::{memchr, memchr_iter};

use super::error::LandingError;
use super::resources::Resources;

/// Bytes read between two questions whether to stop.
const CHECK_BYTES: usize = 1 << 18;
/// Readings of the whole file that unclosed quotes may cost.
const MAX_WASTED_READINGS: usize = 16;

/// Why a record has no usable fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Defect {
    /// A quote is open at the end of the file. The record is the line where it opens.
    UnterminatedQuote,
    /// Field (from 0) longer than the limit.
    TooLong(usize),
}

/// One record.
pub(super) struct Record<'a, 's> {
    /// Physical line of its first byte, from 1.
    pub(super) line_number: u64,
    /// Offset of its first byte in the file.
    pub(super) byte_offset: u64,
    /// Original bytes without the line end.
    pub(super) raw: &'a [u8],
    /// What the fields are cut from: the original, or the record without its quotes.
    pub(super) content: &'s [u8],
    /// The fields in `content`; at most one more than the splitter was told.
    pub(super) fields: &'s [Range<usize>],
    /// Fields of the record, those left out above included.
    pub(super) field_count: usize,
    pub(super) defect: Option<Defect>,
}

impl Record<'_, '_> {
    /// Whether every field is empty or white space.
    pub(super) fn is_blank(&self) -> bool {
        self.defect.is_none()
            && self.field_count == self.fields.len()
            && self.fields.iter().all(|field| self.content[field.clone()].trim_ascii().is_empty())
    }
}

/// A walk over the records. A line without a quote is cut where it lies; `csv-core` reads the others.
pub(super) struct Splitter<'a> {
    bytes: &'a [u8],
    position: usize,
    checked_at: usize,
    line: u64,
    delimiter: u8,
    max_fields: usize,
    max_field_bytes: usize,
    /// Bytes read in vain behind quotes that were never closed.
    wasted_bytes: usize,
    core: Reader,
    unquoted: Vec<u8>,
    ends: Vec<usize>,
    fields: Vec<Range<usize>>,
}

impl<'a> Splitter<'a> {
    /// Starts at `position` of the file, which is on line 1.
    pub(super) fn new(
        bytes: &'a [u8],
        position: usize,
        delimiter: u8,
        max_fields: usize,
        max_field_bytes: usize,
    ) -> Self {
        Splitter {
            bytes,
            position,
            checked_at: position,
            line: 1,
            delimiter,
            max_fields,
            max_field_bytes,
            wasted_bytes: 0,
            // With LF as the only end, a CR before it falls to the last field, where trimming takes it.
            core: ReaderBuilder::new().delimiter(delimiter).terminator(Terminator::Any(b'\n')).build(),
            unquoted: Vec::new(),
            ends: Vec::new(),
            fields: Vec::new(),
        }
    }

    /// From now on at most that many fields are wanted.
    pub(super) fn expect_fields(&mut self, max_fields: usize) {
        self.max_fields = max_fields;
    }

    /// The next record, blank ones included; `None` at the end of the file.
    pub(super) fn next(&mut self, resources: &mut Resources) -> Result<Option<Record<'a, '_>>, LandingError> {
        if self.position >= self.bytes.len() {
            return Ok(None);
        }
        if self.position - self.checked_at >= CHECK_BYTES {
            self.checked_at = self.position;
            resources.go_on()?;
        }
        let rest = &self.bytes[self.position..];
        let line = memchr(b'\n', rest).map_or(rest, |end| &rest[..end]);
        if memchr(b'"', line).is_some() {
            return self.quoted(rest, line, resources).map(Some);
        }
        let (line_number, byte_offset) = (self.line, self.position as u64);
        self.line += 1;
        self.position += (line.len() + 1).min(rest.len());
        let raw = without_cr(line);
        self.fields.clear();
        let mut start = 0;
        let mut field_count = 0;
        for end in memchr_iter(self.delimiter, raw).chain(std::iter::once(raw.len())) {
            if field_count <= self.max_fields {
                resources.reserve(&mut self.fields, 1)?;
                self.fields.push(start..end);
            }
            field_count += 1;
            start = end + 1;
        }
        let too_long = match raw.len() > self.max_field_bytes {
            true => self.fields.iter().position(|field| field.len() > self.max_field_bytes),
            false => None,
        };
        Ok(Some(Record {
            line_number,
            byte_offset,
            raw,
            content: raw,
            fields: &self.fields,
            field_count,
            defect: too_long.map(Defect::TooLong),
        }))
    }

    /// A record whose first line holds a quote.
    fn quoted(
        &mut self,
        rest: &'a [u8],
        line: &'a [u8],
        resources: &mut Resources,
    ) -> Result<Record<'a, '_>, LandingError> {
        let (line_number, byte_offset) = (self.line, self.position as u64);
        let scan = self.scan(rest, resources)?;
        self.fields.clear();
        let Some(scan) = scan else {
            // The lines after it may be good: only this one is given up. But a file made of such lines would be read
            // once for each of them.
            self.wasted_bytes = self.wasted_bytes.saturating_add(rest.len());
            if self.wasted_bytes > MAX_WASTED_READINGS * self.bytes.len().max(1 << 20) {
                return Err(LandingError::Dialect {
                    problem: format!("too many quotes are never closed, one more on line {line_number}"),
                });
            }
            self.line += 1;
            self.position += (line.len() + 1).min(rest.len());
            return Ok(Record {
                line_number,
                byte_offset,
                raw: without_cr(line),
                content: &[],
                fields: &[],
                field_count: 0,
                defect: Some(Defect::UnterminatedQuote),
            });
        };
        let record = &rest[..scan.consumed];
        self.line += memchr_iter(b'\n', record).count() as u64;
        self.position += scan.consumed;
        if scan.too_long.is_none() {
            let mut start = 0;
            for &end in &self.ends[..scan.field_count.min(self.max_fields + 1)] {
                resources.reserve(&mut self.fields, 1)?;
                self.fields.push(start..end);
                start = end;
            }
        }
        Ok(Record {
            line_number,
            byte_offset,
            raw: without_cr(record.strip_suffix(b"\n").unwrap_or(record)),
            content: &self.unquoted,
            fields: &self.fields,
            field_count: scan.field_count,
            defect: scan.too_long.map(Defect::TooLong),
        })
    }

    /// Lets `csv-core` read one record into `unquoted` and `ends`; `None` when a quote stays open.
    fn scan(&mut self, rest: &[u8], resources: &mut Resources) -> Result<Option<Scan>, LandingError> {
        self.core.reset();
        let mut spare = [0u8; 4096];
        let mut spare_ends = [0usize; 64];
        let (mut consumed, mut filled, mut field_count, mut field_start) = (0, 0, 0, 0);
        let mut too_long = None;
        loop {
            // Past a limit the record is only counted to its end.
            let keep = too_long.is_none() && field_count <= self.max_fields;
            if keep {
                make_room(&mut self.unquoted, filled, resources)?;
                make_room(&mut self.ends, field_count, resources)?;
            }
            let at_end = consumed >= rest.len();
            let input: &[u8] =
                if at_end { b"\n" } else { &rest[consumed..rest.len().min(consumed + CHECK_BYTES)] };
            let (output, ends) = if keep {
                let last = self.ends.len().min(self.max_fields.saturating_add(1));
                (&mut self.unquoted[filled..], &mut self.ends[field_count..last])
            } else {
                (&mut spare[..], &mut spare_ends[..])
            };
            let (result, read, written, ended) = self.core.read_record(input, output, ends);
            if keep && ended > 0 {
                let last_end = self.ends[field_count + ended - 1];
                let mut start = field_start;
                for (index, &end) in self.ends[field_count..field_count + ended].iter().enumerate() {
                    if end - start > self.max_field_bytes && too_long.is_none() {
                        too_long = Some(field_count + index);
                    }
                    start = end;
                }
                field_start = last_end;
            }
            field_count += ended;
            if keep {
                filled += written;
                if too_long.is_none() && filled - field_start > self.max_field_bytes {
                    too_long = Some(field_count);
                }
            }
            if !at_end {
                consumed += read;
            }
            match result {
                ReadRecordResult::Record | ReadRecordResult::End => break,
                ReadRecordResult::InputEmpty if at_end => return Ok(None),
                _ => resources.go_on()?,
            }
        }
        Ok(Some(Scan { consumed, field_count, too_long }))
    }
}

struct Scan {
    consumed: usize,
    field_count: usize,
    too_long: Option<usize>,
}

/// Lets the vector have elements after `used`.
fn make_room<T: Copy + Default>(
    vector: &mut Vec<T>,
    used: usize,
    resources: &mut Resources,
) -> Result<(), LandingError> {
    if used >= vector.len() {
        resources.reserve(vector, vector.len().max(1024))?;
        vector.resize(vector.capacity(), T::default());
    }
    Ok(())
}

fn without_cr(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}
