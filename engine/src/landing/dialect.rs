//! How a file is written: delimiter, newline, decimal mark. Decided against the contract, or refused.

use super::contract::{Contract, DataType};
use super::error::LandingError;
use super::header::{HeaderMatch, Source, match_headers};
use super::record::{Defect, Record, Splitter};
use super::resources::Resources;

const BOM: &[u8] = b"\xef\xbb\xbf";
const CANDIDATES: [u8; 4] = *b",;\t|";
/// Records that show whether a delimiter gives a steady count, and which decimal mark is used.
const SAMPLE_RECORDS: usize = 200;
/// Long records are sampled up to here, but at least a few of them.
const SAMPLE_BYTES: u64 = 1 << 16;
const LEAST_SAMPLE_RECORDS: usize = 10;
/// Fields of a header.
const MAX_HEADERS: usize = 100_000;
/// Names that a message lists before it says how many more there are.
const LISTED: usize = 40;

/// How lines end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Newline {
    /// LF
    Lf,
    /// CR LF
    Crlf,
}

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialect {
    /// `,`, `;`, TAB or `|`.
    pub delimiter: u8,
    /// End of the header line; each record may end either way.
    pub newline: Newline,
    /// Whether the file starts with a UTF-8 byte order mark.
    pub has_bom: bool,
    /// Whether numbers have a comma before the fraction (only with `;` or TAB).
    pub decimal_comma: bool,
}

impl Dialect {
    /// Offset of the first byte of the header line.
    pub(super) fn text_start(&self) -> usize {
        if self.has_bom { BOM.len() } else { 0 }
    }
}

/// What one delimiter makes of the file.
struct Candidate {
    delimiter: u8,
    headers: Vec<String>,
    fit: HeaderMatch,
    sampled: usize,
    /// Records with as many fields as the header.
    as_header: usize,
    /// Fields of the records, when all have the same number.
    steady: Option<usize>,
}

/// Decides the dialect of a file and matches its header, and gives the number of header fields. Errors: `EmptyFile`,
/// `Encoding`, `HeaderMismatch`, `DuplicateHeader`, `HeaderTooLarge`, and `Dialect` whenever two answers are possible.
pub(super) fn detect(
    bytes: &[u8],
    contract: &Contract,
    max_field_bytes: usize,
    resources: &mut Resources,
) -> Result<(Dialect, HeaderMatch, usize), LandingError> {
    let has_bom = bytes.starts_with(BOM);
    let start = if has_bom { BOM.len() } else { 0 };
    check_text(bytes, start)?;
    let newline = newline(&bytes[start..])?;
    let mut candidates = Vec::with_capacity(CANDIDATES.len());
    for delimiter in CANDIDATES {
        candidates.push(try_delimiter(bytes, start, delimiter, contract, max_field_bytes, resources)?);
    }
    let chosen = choose(contract, candidates)?;
    let mut dialect = Dialect { delimiter: chosen.delimiter, newline, has_bom, decimal_comma: false };
    if matches!(dialect.delimiter, b';' | b'\t') {
        dialect.decimal_comma =
            decimal_comma(bytes, &dialect, contract, &chosen, max_field_bytes, resources)?;
    }
    Ok((dialect, chosen.fit, chosen.headers.len()))
}

/// The dialect of a file and how its header fits the contract. Errors as in `read`.
pub fn sniff(
    bytes: &[u8],
    contract: &Contract,
    limits: &super::reader::Limits,
    check: &mut dyn FnMut() -> bool,
) -> Result<(Dialect, HeaderMatch), LandingError> {
    contract.validate()?;
    let mut resources = Resources::new(limits.max_memory_bytes, check);
    let (dialect, fit, _) = detect(bytes, contract, limits.field_limit(), &mut resources)?;
    Ok((dialect, fit))
}

fn check_text(bytes: &[u8], start: usize) -> Result<(), LandingError> {
    let encoding = |problem: &str| Err(LandingError::Encoding { problem: problem.to_owned() });
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return encoding("it starts with the byte order mark of UTF-16");
    }
    if bytes[start..].trim_ascii_start().is_empty() {
        return Err(LandingError::EmptyFile);
    }
    if bytes.starts_with(b"\x1f\x8b")
        || bytes.starts_with(b"PK\x03\x04")
        || bytes.starts_with(b"\x28\xb5\x2f\xfd")
    {
        return encoding("it is a compressed file");
    }
    Ok(())
}

/// The header line decides; a CR inside it means lines that end in CR alone.
fn newline(text: &[u8]) -> Result<Newline, LandingError> {
    let line = text.iter().position(|&b| b == b'\n').map_or(text, |end| &text[..end]);
    let body = line.strip_suffix(b"\r").unwrap_or(line);
    if body.contains(&b'\r') && !body.contains(&b'"') {
        return Err(LandingError::Dialect {
            problem: "the first line holds a CR that no LF follows; lines may end in LF or CRLF".to_owned(),
        });
    }
    Ok(if body.len() < line.len() { Newline::Crlf } else { Newline::Lf })
}

fn try_delimiter(
    bytes: &[u8],
    start: usize,
    delimiter: u8,
    contract: &Contract,
    max_field_bytes: usize,
    resources: &mut Resources,
) -> Result<Candidate, LandingError> {
    let mut splitter = Splitter::new(bytes, start, delimiter, MAX_HEADERS, max_field_bytes);
    let headers = match splitter.next(resources)? {
        Some(record) => header_fields(&record)?,
        None => return Err(LandingError::EmptyFile),
    };
    let fit = match_headers(contract, &headers);
    splitter.expect_fields(headers.len());
    let (mut sampled, mut as_header, mut least, mut most) = (0, 0, usize::MAX, 0);
    while sampled < SAMPLE_RECORDS {
        let Some(record) = splitter.next(resources)? else { break };
        match record.defect {
            Some(Defect::UnterminatedQuote) => break,
            Some(Defect::TooLong(_)) => continue,
            None if record.is_blank() => continue,
            None => {}
        }
        if sampled >= LEAST_SAMPLE_RECORDS && record.byte_offset > SAMPLE_BYTES {
            break;
        }
        sampled += 1;
        as_header += usize::from(record.field_count == headers.len());
        least = least.min(record.field_count);
        most = most.max(record.field_count);
    }
    let steady = (least == most).then_some(most);
    Ok(Candidate { delimiter, headers, fit, sampled, as_header, steady })
}

fn header_fields(record: &Record) -> Result<Vec<String>, LandingError> {
    if record.defect == Some(Defect::UnterminatedQuote) {
        return Err(LandingError::Dialect {
            problem: "a quote in the header line is never closed".to_owned(),
        });
    }
    if record.field_count > MAX_HEADERS || record.defect.is_some() {
        return Err(LandingError::HeaderTooLarge {
            problem: format!("{} fields in {} bytes", record.field_count, record.raw.len()),
        });
    }
    let mut headers = Vec::with_capacity(record.fields.len());
    for (index, field) in record.fields.iter().enumerate() {
        let text =
            std::str::from_utf8(&record.content[field.clone()]).ok().filter(|text| !text.contains('\0'));
        let Some(text) = text else {
            return Err(LandingError::Encoding {
                problem: format!("field {} of the header line holds a NUL or is not UTF-8", index + 1),
            });
        };
        headers.push(text.to_owned());
    }
    Ok(headers)
}

fn choose(contract: &Contract, candidates: Vec<Candidate>) -> Result<Candidate, LandingError> {
    let one_field = candidates.iter().all(|candidate| candidate.headers.len() == 1);
    // A header that fills nothing does not fit, even where nothing is required.
    let (mut fitting, others): (Vec<_>, Vec<_>) = candidates.into_iter().partition(|candidate| {
        candidate.fit.missing_required.is_empty() && candidate.fit.matched_fields() > 0
    });
    if one_field && !fitting.is_empty() {
        // A file of one column: no delimiter to find, CSV's own is as good as any.
        fitting.truncate(1);
    }
    if fitting.len() > 1 {
        let most = fitting.iter().map(|candidate| candidate.fit.matched_fields()).max();
        fitting.retain(|candidate| Some(candidate.fit.matched_fields()) == most);
    }
    if fitting.len() > 1 {
        let names: Vec<_> = fitting.iter().map(|candidate| describe(candidate.delimiter)).collect();
        return Err(LandingError::Dialect {
            problem: format!("the delimiter may be {}", names.join(" or ")),
        });
    }
    let Some(chosen) = fitting.pop() else { return Err(mismatch(contract, others)) };
    let rival =
        others.iter().find(|other| other.steady.is_some_and(|fields| fields > 1) && other.sampled > 0);
    if let Some(rival) = rival
        && chosen.sampled > 0
        && chosen.as_header == 0
    {
        return Err(LandingError::Dialect {
            problem: format!(
                "the header is divided by {}, but no row has its {} fields; by {} every row has {}",
                describe(chosen.delimiter),
                chosen.headers.len(),
                describe(rival.delimiter),
                rival.steady.unwrap_or_default()
            ),
        });
    }
    if !chosen.fit.duplicates.is_empty() {
        let duplicates = chosen.fit.duplicates.iter().map(|(column, first, second)| {
            format!(
                "column {column} is in field {first} (\"{}\") and field {second} (\"{}\")",
                chosen.headers[first - 1].trim(),
                chosen.headers[second - 1].trim()
            )
        });
        return Err(LandingError::DuplicateHeader {
            dataset: contract.dataset.clone(),
            duplicates: list(duplicates),
        });
    }
    Ok(chosen)
}

/// The error for a header that fits under no delimiter, told by the one that fits best.
fn mismatch(contract: &Contract, candidates: Vec<Candidate>) -> LandingError {
    let best = candidates.into_iter().reduce(|best, other| {
        let rank = |candidate: &Candidate| (candidate.fit.matched_fields(), candidate.headers.len());
        if rank(&other) > rank(&best) { other } else { best }
    });
    let Some(Candidate { headers, fit, .. }) = best else { return LandingError::EmptyFile };
    let headers = headers.iter().enumerate().map(|(at, header)| format!("{} \"{}\"", at + 1, header.trim()));
    // A gathered array takes no mapping; a column does.
    let missing = if fit.missing_required.is_empty() { &fit.missing_optional } else { &fit.missing_required };
    let column = missing.iter().find(|missing| {
        contract.columns.iter().any(|column| column.name == **missing && column.header_range.is_none())
    });
    let suggestion = column.and_then(|column| {
        let header = fit.unknown.iter().rev().max_by_key(|(_, header)| likeness(column, header));
        header.filter(|(_, header)| !header.is_empty()).map(|(_, header)| (column.clone(), header.clone()))
    });
    LandingError::HeaderMismatch {
        dataset: contract.dataset.clone(),
        missing: list(missing.iter().cloned()),
        headers: list(headers),
        suggestion,
    }
}

/// Words that a column and a header share.
fn likeness(column: &str, header: &str) -> usize {
    let header = super::header::normalise(header);
    column.split('_').filter(|word| header.split('_').any(|other| other == *word)).count()
}

fn list(items: impl ExactSizeIterator<Item = String>) -> String {
    let count = items.len();
    let mut text = items.take(LISTED).collect::<Vec<_>>().join(", ");
    if count > LISTED {
        text.push_str(&format!(" and {} more", count - LISTED));
    }
    text
}

fn describe(delimiter: u8) -> &'static str {
    match delimiter {
        b',' => "a comma",
        b';' => "a semicolon",
        b'\t' => "a TAB",
        _ => "a |",
    }
}

/// Looks at numeric fields with exactly one comma or point: nine of ten must agree, the others become rejects.
fn decimal_comma(
    bytes: &[u8],
    dialect: &Dialect,
    contract: &Contract,
    chosen: &Candidate,
    max_field_bytes: usize,
    resources: &mut Resources,
) -> Result<bool, LandingError> {
    let fields: Vec<usize> = numeric_fields(contract, &chosen.fit);
    let width = chosen.headers.len();
    let mut splitter = Splitter::new(bytes, dialect.text_start(), dialect.delimiter, width, max_field_bytes);
    splitter.next(resources)?;
    let (mut records, mut commas, mut points) = (0, 0usize, 0usize);
    let (mut comma_line, mut point_line) = (0, 0);
    while records < SAMPLE_RECORDS || commas + points == 0 {
        let Some(record) = splitter.next(resources)? else { break };
        if record.field_count != width || record.defect.is_some() {
            continue;
        }
        records += 1;
        for &field in &fields {
            match mark(&record.content[record.fields[field].clone()]) {
                Some(b',') => {
                    commas += 1;
                    comma_line = record.line_number;
                }
                Some(_) => {
                    points += 1;
                    point_line = record.line_number;
                }
                None => {}
            }
        }
    }
    if commas.min(points) * 10 > commas + points {
        return Err(LandingError::Dialect {
            problem: format!(
                "the decimal mark may be a comma ({commas} numbers, one on line {comma_line}) or a point ({points} \
                 numbers, one on line {point_line})"
            ),
        });
    }
    Ok(commas > points)
}

fn numeric_fields(contract: &Contract, fit: &HeaderMatch) -> Vec<usize> {
    let mut fields = Vec::new();
    for (column, source) in contract.columns.iter().zip(&fit.sources) {
        match (column.data_type, source) {
            (DataType::Float8 | DataType::Integer | DataType::Bigint, Source::Field(field)) => {
                fields.push(*field);
            }
            (DataType::Float8Array, Source::Gather(gathered)) => fields.extend(gathered.iter().flatten()),
            _ => {}
        }
    }
    fields
}

/// The one comma or point of a text that is a number otherwise.
fn mark(field: &[u8]) -> Option<u8> {
    let mut found = None;
    for &byte in field.trim_ascii() {
        match byte {
            b'0'..=b'9' | b'+' | b'-' | b'e' | b'E' => {}
            b',' | b'.' if found.is_none() => found = Some(byte),
            _ => return None,
        }
    }
    found
}
