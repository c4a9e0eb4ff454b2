//! PostgreSQL's COPY BINARY stream (documentation of COPY, "Binary Format"; types as their `_recv` functions read them).

use super::error::LandingError;
use super::resources::Resources;

const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
const FLOAT8_OID: i32 = 701;
/// Bytes of an array before its elements: dimensions, NULL flag, element type, length, lower bound.
const ARRAY_HEADER_BYTES: usize = 20;

/// The stream while it is written. `begin_row` makes room for a row, so that its fields are written without allocating.
pub(super) struct CopyStream {
    bytes: Vec<u8>,
    row_start: usize,
}

impl CopyStream {
    /// A stream with its header.
    pub(super) fn new(resources: &mut Resources) -> Result<Self, LandingError> {
        let mut bytes = Vec::new();
        resources.reserve(&mut bytes, 64)?;
        bytes.extend_from_slice(SIGNATURE);
        // Flags and length of the header extension.
        bytes.extend_from_slice(&[0; 8]);
        Ok(CopyStream { row_start: bytes.len(), bytes })
    }

    /// Starts a row of `fields` fields that takes at most `row_bytes`.
    pub(super) fn begin_row(
        &mut self,
        fields: u16,
        row_bytes: usize,
        resources: &mut Resources,
    ) -> Result<(), LandingError> {
        resources.reserve(&mut self.bytes, row_bytes.saturating_add(2))?;
        self.row_start = self.bytes.len();
        self.bytes.extend_from_slice(&fields.to_be_bytes());
        Ok(())
    }

    /// Takes the row that was begun back.
    pub(super) fn drop_row(&mut self) {
        self.bytes.truncate(self.row_start);
    }

    /// The stream with its trailer.
    pub(super) fn finish(mut self, resources: &mut Resources) -> Result<Vec<u8>, LandingError> {
        resources.reserve(&mut self.bytes, 2)?;
        self.bytes.extend_from_slice(&(-1i16).to_be_bytes());
        Ok(self.bytes)
    }

    pub(super) fn null(&mut self) {
        self.bytes.extend_from_slice(&(-1i32).to_be_bytes());
    }

    pub(super) fn int4(&mut self, value: i32) {
        self.field(value.to_be_bytes());
    }

    pub(super) fn int8(&mut self, value: i64) {
        self.field(value.to_be_bytes());
    }

    pub(super) fn float8(&mut self, value: f64) {
        let mut field = [0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0];
        field[4..].copy_from_slice(&value.to_be_bytes());
        self.bytes.extend_from_slice(&field);
    }

    pub(super) fn boolean(&mut self, value: bool) {
        self.field([u8::from(value)]);
    }

    /// The text must be shorter than 2 GiB, which the field limit sees to.
    pub(super) fn text(&mut self, value: &str) {
        self.bytes.extend_from_slice(&(value.len() as i32).to_be_bytes());
        self.bytes.extend_from_slice(value.as_bytes());
    }

    /// Starts a `float8[]` of one dimension; its elements follow by `float8` and `null`. Gives what `end_array` takes.
    pub(super) fn begin_array(&mut self, elements: usize) -> usize {
        let start = self.bytes.len();
        for word in [0, 1, 0, FLOAT8_OID, elements as i32, 1] {
            self.bytes.extend_from_slice(&word.to_be_bytes());
        }
        start
    }

    pub(super) fn end_array(&mut self, start: usize, has_null: bool) {
        let length = (self.bytes.len() - start - 4) as i32;
        self.bytes[start..start + 4].copy_from_slice(&length.to_be_bytes());
        self.bytes[start + 8..start + 12].copy_from_slice(&i32::from(has_null).to_be_bytes());
    }

    fn field<const N: usize>(&mut self, value: [u8; N]) {
        self.bytes.extend_from_slice(&(N as i32).to_be_bytes());
        self.bytes.extend_from_slice(&value);
    }
}

/// Most bytes that an array of that many elements takes, its own length included.
pub(super) fn array_bytes(elements: usize) -> usize {
    4 + ARRAY_HEADER_BYTES + 12 * elements
}
