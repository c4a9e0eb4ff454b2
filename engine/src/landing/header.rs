//! Headers: their normal form, and which field of the file fills which column.

use std::collections::HashMap;

use super::contract::Contract;

/// Where a column's values come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The file does not have the column: NULL.
    Missing,
    /// Field of a record, from 0.
    Field(usize),
    /// Fields that make an array; `None` is an element the file does not have: NULL.
    Gather(Vec<Option<usize>>),
}

/// How a file's headers fit a contract. Positions count from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderMatch {
    /// One for each column of the contract, in its order.
    pub sources: Vec<Source>,
    /// Required columns (or `column (header n)` of an array) that the file lacks.
    pub missing_required: Vec<String>,
    /// Other columns that the file lacks.
    pub missing_optional: Vec<String>,
    /// Headers that fill no column, with their positions.
    pub unknown: Vec<(usize, String)>,
    /// Columns that two headers fill: column, first position, second position.
    pub duplicates: Vec<(String, usize, usize)>,
}

impl HeaderMatch {
    /// Number of fields that fill something.
    pub fn matched_fields(&self) -> usize {
        self.sources
            .iter()
            .map(|source| match source {
                Source::Missing => 0,
                Source::Field(_) => 1,
                Source::Gather(fields) => fields.iter().flatten().count(),
            })
            .sum()
    }
}

/// Normal form of a header: trimmed, without byte order mark, lower case, camelCase split, every other run of
/// characters one `_`; a unit in brackets stays as suffix (`Torque [Nm]` -> `torque_nm`), `%` is `pct`.
pub fn normalise(header: &str) -> String {
    let text = header.trim_start_matches('\u{feff}').trim();
    let mut normal = String::with_capacity(text.len() + 8);
    let mut previous = ' ';
    let mut in_unit = false;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '[' | '(' => in_unit = true,
            ']' | ')' => in_unit = false,
            _ => {}
        }
        if character == '%' {
            separate(&mut normal);
            normal.push_str("pct");
        } else if character.is_alphanumeric() {
            let next_is_lower = characters.peek().is_some_and(|next| next.is_lowercase());
            let new_word = character.is_uppercase()
                && (previous.is_lowercase()
                    || previous.is_ascii_digit()
                    || (previous.is_uppercase() && next_is_lower));
            if previous == '%' || (new_word && !in_unit) {
                separate(&mut normal);
            }
            normal.extend(character.to_lowercase());
        } else {
            separate(&mut normal);
        }
        previous = character;
    }
    if normal.ends_with('_') {
        normal.pop();
    }
    normal
}

fn separate(normal: &mut String) {
    if !normal.is_empty() && !normal.ends_with('_') {
        normal.push('_');
    }
}

/// The header without its unit in brackets, when it has one.
fn without_unit(header: &str) -> Option<&str> {
    let text = header.trim();
    let open = match text.chars().last()? {
        ']' => text.rfind('['),
        ')' => text.rfind('('),
        _ => None,
    }?;
    text.get(..open).filter(|base| !base.trim().is_empty())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Target {
    Column(usize),
    Element(usize, usize),
    /// More than one column could be meant: nobody is.
    Unclear,
}

/// Finds the field of each column: by the normal form of a header or alias, then by the column's own name; a header
/// without a unit also fits the one column whose header is the same with a unit. Another unit never fits.
pub fn match_headers(contract: &Contract, headers: &[String]) -> HeaderMatch {
    let (exact, unit_free) = targets(contract);
    let mut sources: Vec<Source> = contract
        .columns
        .iter()
        .map(|column| match column.header_range {
            Some(range) => Source::Gather(vec![None; range.len()]),
            None => Source::Missing,
        })
        .collect();
    let mut duplicates = Vec::new();
    let mut left = Vec::new();
    for (field, header) in headers.iter().enumerate() {
        match exact.get(&normalise(header)) {
            Some(&target) => fill(contract, &mut sources, &mut duplicates, target, field),
            None => left.push(field),
        }
    }
    let by_exact = sources.clone();
    let mut unknown = Vec::new();
    for field in left {
        let header = &headers[field];
        let target = match without_unit(header) {
            Some(_) => None,
            None => unit_free.get(&normalise(header)).copied(),
        };
        match target {
            Some(Target::Column(column)) if by_exact[column] == Source::Missing => {
                fill(contract, &mut sources, &mut duplicates, Target::Column(column), field);
            }
            _ => unknown.push((field + 1, header.trim().to_owned())),
        }
    }
    let mut result = HeaderMatch {
        sources,
        missing_required: Vec::new(),
        missing_optional: Vec::new(),
        unknown,
        duplicates,
    };
    for (column, source) in contract.columns.iter().zip(&mut result.sources) {
        let missing =
            if column.required { &mut result.missing_required } else { &mut result.missing_optional };
        match (&*source, column.header_range) {
            (Source::Missing, _) => missing.push(column.name.clone()),
            (Source::Gather(fields), Some(_)) if fields.iter().all(Option::is_none) => {
                missing.push(column.name.clone());
                *source = Source::Missing;
            }
            (Source::Gather(fields), Some(range)) => {
                let absent = (range.from..=range.to).zip(fields).filter(|(_, field)| field.is_none());
                missing.extend(absent.map(|(header, _)| format!("{} (header {header})", column.name)));
            }
            _ => {}
        }
    }
    result
}

/// Normal form -> what it fills, and the same for headers whose unit is left out.
fn targets(contract: &Contract) -> (HashMap<String, Target>, HashMap<String, Target>) {
    let mut exact = HashMap::new();
    let mut unit_free = HashMap::new();
    for (index, column) in contract.columns.iter().enumerate() {
        for header in &column.headers {
            exact.insert(normalise(header), Target::Column(index));
            if let Some(base) = without_unit(header) {
                unit_free
                    .entry(normalise(base))
                    .and_modify(|target| {
                        if *target != Target::Column(index) {
                            *target = Target::Unclear;
                        }
                    })
                    .or_insert(Target::Column(index));
            }
        }
        if let Some(range) = column.header_range {
            for (element, header) in (range.from..=range.to).enumerate() {
                exact.entry(header.to_string()).or_insert(Target::Element(index, element));
            }
        }
    }
    // A header of another column goes before a column's own name.
    for (index, column) in contract.columns.iter().enumerate() {
        if column.header_range.is_none() {
            exact.entry(normalise(&column.name)).or_insert(Target::Column(index));
        }
    }
    (exact, unit_free)
}

fn fill(
    contract: &Contract,
    sources: &mut [Source],
    duplicates: &mut Vec<(String, usize, usize)>,
    target: Target,
    field: usize,
) {
    let (column, first) = match target {
        Target::Column(column) => match sources[column] {
            Source::Field(first) => (column, Some(first)),
            _ => {
                sources[column] = Source::Field(field);
                (column, None)
            }
        },
        Target::Element(column, element) => match &mut sources[column] {
            Source::Gather(fields) => {
                let first = fields[element];
                if first.is_none() {
                    fields[element] = Some(field);
                }
                (column, first)
            }
            _ => (column, None),
        },
        Target::Unclear => return,
    };
    if let Some(first) = first {
        duplicates.push((contract.columns[column].name.clone(), first + 1, field + 1));
    }
}
