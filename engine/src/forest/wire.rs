//! Reading and writing of the checked byte formats: magic, version, flags, payload, SHA-256 of all that precedes it.

use sha2::{Digest, Sha256};

use super::error::ForestError;

const HEAD: usize = 8;
const SUM: usize = 32;

/// One kind of artefact with its own magic and version.
pub(crate) struct Kind {
    pub magic: [u8; 4],
    pub version: u16,
    pub name: &'static str,
}

impl Kind {
    pub fn corrupt(&self, what: impl Into<String>) -> ForestError {
        ForestError::Corrupt { artefact: self.name, what: what.into() }
    }

    /// A buffer that begins with the head; [`seal`](Self::seal) ends it.
    pub fn begin(&self) -> Vec<u8> {
        let mut out = self.magic.to_vec();
        out.extend_from_slice(&self.version.to_le_bytes());
        out.extend_from_slice(&0_u16.to_le_bytes());
        out
    }

    pub fn seal(&self, mut out: Vec<u8>) -> Vec<u8> {
        let sum = Sha256::digest(&out);
        out.extend_from_slice(&sum);
        out
    }

    /// Checks head and checksum and returns a reader of the payload.
    pub fn open<'a>(&'a self, bytes: &'a [u8]) -> Result<Reader<'a>, ForestError> {
        if bytes.len() < HEAD + SUM {
            return Err(self.corrupt(format!("{} bytes are too few", bytes.len())));
        }
        let (body, sum) = bytes.split_at(bytes.len() - SUM);
        if body[..4] != self.magic {
            return Err(self.corrupt("it does not begin with the right magic bytes"));
        }
        let version = u16::from_le_bytes([body[4], body[5]]);
        if version == 0 {
            return Err(self.corrupt("it has the format version 0"));
        }
        if version > self.version {
            return Err(ForestError::Unsupported {
                what: format!(
                    "the {} has the format version {version}, this program reads up to {}",
                    self.name, self.version
                ),
                hint: "Install the newer version of stellantis_analytics that wrote it.".to_owned(),
            });
        }
        if Sha256::digest(body).as_slice() != sum {
            return Err(self.corrupt("the checksum does not match, the bytes were changed or cut"));
        }
        if body[6..HEAD] != [0, 0] {
            return Err(self.corrupt("it has unknown flags"));
        }
        Ok(Reader { kind: self, rest: &body[HEAD..] })
    }
}

/// Takes values from the front of a payload; every shortage is an error.
pub(crate) struct Reader<'a> {
    kind: &'a Kind,
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    pub fn bytes(&mut self, count: usize) -> Result<&'a [u8], ForestError> {
        match self.rest.split_at_checked(count) {
            Some((head, rest)) => {
                self.rest = rest;
                Ok(head)
            }
            None => {
                Err(self.kind.corrupt(format!("{count} bytes are wanted where {} are left", self.rest.len())))
            }
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ForestError> {
        let mut out = [0; N];
        out.copy_from_slice(self.bytes(N)?);
        Ok(out)
    }

    pub fn u64(&mut self) -> Result<u64, ForestError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    pub fn f64(&mut self) -> Result<f64, ForestError> {
        Ok(f64::from_le_bytes(self.array()?))
    }

    /// A number in groups of seven bits, lowest first (LEB128), in its shortest form.
    pub fn varint(&mut self) -> Result<u64, ForestError> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let [byte] = self.array()?;
            let bits = u64::from(byte & 0x7f);
            if (shift == 63 && bits > 1) || (shift > 0 && byte == 0) {
                break;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(self.kind.corrupt("a number is not in its shortest form"))
    }

    /// A count of things that take at least `least` bytes each, so that it cannot ask for more memory than there are
    /// bytes.
    pub fn count(&mut self, least: usize, what: &str) -> Result<usize, ForestError> {
        let count = self.varint()?;
        usize::try_from(count)
            .ok()
            .filter(|&n| n.checked_mul(least).is_some_and(|bytes| bytes <= self.remaining()))
            .ok_or_else(|| {
                self.kind.corrupt(format!("it claims {count} {what} in {} bytes", self.remaining()))
            })
    }

    pub fn end(&self) -> Result<(), ForestError> {
        match self.rest.len() {
            0 => Ok(()),
            left => Err(self.kind.corrupt(format!("{left} bytes follow its end"))),
        }
    }
}

/// Writes what [`Reader::varint`] reads.
pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: Kind = Kind { magic: *b"TEST", version: 1, name: "test" };

    #[test]
    fn numbers_of_every_length_come_back() {
        let numbers: Vec<u64> =
            (0..64).flat_map(|bit| [(1 << bit) - 1, 1 << bit]).chain([u64::MAX]).collect();
        let mut out = KIND.begin();
        numbers.iter().for_each(|&n| put_varint(&mut out, n));
        let sealed = KIND.seal(out);
        let mut reader = KIND.open(&sealed).unwrap();
        numbers.iter().for_each(|&n| assert_eq!(reader.varint(), Ok(n)));
        assert_eq!(reader.end(), Ok(()));
    }

    #[test]
    fn long_forms_and_overflow_are_refused() {
        for bytes in [&[0x80, 0][..], &[0xff; 10], &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2]]
        {
            let sealed = KIND.seal([KIND.begin(), bytes.to_vec()].concat());
            assert!(KIND.open(&sealed).unwrap().varint().is_err());
        }
    }
}
