//! Files of a directory that others write to: the landing zone.
//!
//! Nothing in it is trusted. Paths resolve beneath the zone without symbolic links (openat2), only regular files with
//! one name are opened, without blocking (a FIFO would hang a backend for good), and new files never replace old ones.

use std::ffi::{CStr, CString, OsStr};
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;

use pgrx::prelude::*;

use super::transaction::check_for_interrupts;
use crate::error::Error;

const MAX_DEPTH: usize = 8;
const MAX_FILES: usize = 100_000;

/// An open zone.
pub struct Zone {
    path: PathBuf,
    directory: OwnedFd,
}

/// A directory entry of the zone.
pub struct Entry {
    /// Path below the zone, with `/`.
    pub path: String,
    pub bytes: u64,
    pub modified: SystemTime,
    /// Why the file will not be read, if so.
    pub problem: Option<String>,
}

impl Zone {
    /// Opens the directory. 58P01 where it is missing, 42501 where the server's user may not read it.
    pub fn open(path: PathBuf) -> Result<Self, Error> {
        let what = format!("landing zone {}", path.display());
        let directory = File::open(&path).and_then(|file| {
            if file.metadata()?.is_dir() { Ok(file) } else { Err(std::io::ErrorKind::NotADirectory.into()) }
        });
        match directory.and_then(|directory| std::fs::read_dir(&path).map(|_| directory)) {
            Ok(directory) => Ok(Self { path, directory: directory.into() }),
            Err(error) => Err(Error::file(what, &error).hint(format!(
                "Make the directory readable by the server's operating system user {}, or choose another: LOAD \
                 'stellantis_analytics'; ALTER SYSTEM SET stellantis.landing_zone = '/srv/landing'; SELECT \
                 pg_reload_conf();",
                os_user()
            ))),
        }
    }

    /// Every file below the zone in path order; names that begin with a dot are left out.
    pub fn list(&self) -> Result<Vec<Entry>, Error> {
        let mut entries = Vec::new();
        self.walk(Path::new(""), 0, &mut entries)?;
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(entries)
    }

    fn walk(&self, below: &Path, depth: usize, entries: &mut Vec<Entry>) -> Result<(), Error> {
        let directory = self.path.join(below);
        let listing = std::fs::read_dir(&directory).map_err(|e| Error::file(below.display(), &e))?;
        for item in listing {
            check_for_interrupts();
            let item = item.map_err(|e| Error::file(below.display(), &e))?;
            let name = item.file_name();
            if name.as_bytes().starts_with(b".") {
                continue;
            }
            let relative = below.join(&name);
            let metadata = match item.metadata() {
                Ok(metadata) => metadata,
                // Gone since the directory was read.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => return Err(Error::file(relative.display(), &error)),
            };
            if metadata.is_dir() && depth == MAX_DEPTH {
                continue;
            }
            // One closed directory does not hide the files of the others.
            let closed = match metadata.is_dir().then(|| self.walk(&relative, depth + 1, entries)) {
                None => None,
                Some(Ok(())) => continue,
                Some(Err(error)) if error.is_about_a_file() => Some(error.into_parts().1),
                Some(Err(error)) => return Err(error),
            };
            if entries.len() == MAX_FILES {
                return Err(Error::new(
                    PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED,
                    format!("the landing zone {} holds more than {MAX_FILES} files", self.path.display()),
                )
                .hint("Move files that are loaded to an archive outside the landing zone."));
            }
            let path = relative.to_str().map(str::to_owned);
            let problem = match &path {
                None => Some("the name is not UTF-8".to_owned()),
                Some(path) if path.chars().any(char::is_control) => {
                    Some("the name has control characters".to_owned())
                }
                Some(_) => closed.or_else(|| file_problem(&metadata)),
            };
            entries.push(Entry {
                path: path.unwrap_or_else(|| relative.to_string_lossy().into_owned()),
                bytes: metadata.len(),
                modified: metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH),
                problem,
            });
        }
        Ok(())
    }

    /// The bytes of one file, at most `limit`. The file must not change while it is read.
    pub fn read(&self, path: &str, limit: usize) -> Result<Vec<u8>, Error> {
        let mut file = self.open_file(path)?;
        let before = file.metadata().map_err(|e| Error::file(path, &e))?;
        if let Some(problem) = file_problem(&before) {
            return Err(Error::new(PgSqlErrorCode::ERRCODE_WRONG_OBJECT_TYPE, format!("{path}: {problem}"))
                .hint("Copy the file itself into the landing zone."));
        }
        let size = before.len() as usize;
        if size > limit {
            return Err(Error::new(
                PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED,
                format!("{path} has {size} bytes; stellantis.max_memory allows {limit}"),
            )
            .hint(format!(
                "LOAD 'stellantis_analytics'; ALTER SYSTEM SET stellantis.max_memory = '{}MB'; SELECT \
                 pg_reload_conf();",
                size.div_ceil(1 << 20) * 4
            )));
        }
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(size).map_err(|_| out_of_memory(path, size))?;
        let mut chunk = [0_u8; 1 << 16];
        loop {
            check_for_interrupts();
            match file.read(&mut chunk).map_err(|e| Error::file(path, &e))? {
                0 => break,
                n if bytes.len() + n > size => return Err(changed(path)),
                n => bytes.extend_from_slice(&chunk[..n]),
            }
        }
        let after = file.metadata().map_err(|e| Error::file(path, &e))?;
        if bytes.len() != size || after.mtime_nsec() != before.mtime_nsec() || after.mtime() != before.mtime()
        {
            return Err(changed(path));
        }
        Ok(bytes)
    }

    /// Writes a new file through `fill`; its sub-directory is made where missing. 58P02 where the name is taken.
    pub fn write_new(
        &self,
        path: &str,
        fill: impl FnOnce(&mut dyn Write) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let relative = Path::new(path);
        if let Some(parent) = relative.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            self.make_directory(parent)?;
        }
        let name = relative.file_name().ok_or_else(|| outside(path))?;
        let hidden = relative.with_file_name(format!(".{}.{}", name.to_string_lossy(), std::process::id()));
        let temporary = self.path.join(&hidden);
        let fd = self.open_at(
            &hidden.to_string_lossy(),
            libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL | libc::O_CLOEXEC,
            0o640,
        )?;
        let unlink = RemoveOnDrop(temporary);
        let mut file = std::io::BufWriter::with_capacity(1 << 18, File::from(fd));
        fill(&mut file)?;
        let file = file.into_inner().map_err(|e| Error::file(path, e.error()))?;
        file.sync_all().map_err(|e| Error::file(path, &e))?;
        // A hard link never replaces a file, whoever made it meanwhile.
        match std::fs::hard_link(&unlink.0, self.path.join(relative)) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Err(Error::new(
                PgSqlErrorCode::ERRCODE_DUPLICATE_FILE,
                format!("{path} is already in the landing zone; nothing was overwritten"),
            )
            .hint("SELECT * FROM stellantis.landing_files();")),
            Err(error) => Err(Error::file(path, &error)),
        }
    }

    fn make_directory(&self, relative: &Path) -> Result<(), Error> {
        // Before anything is made: `..` and absolute paths lead out of the zone.
        if !relative.components().all(|part| matches!(part, Component::Normal(_))) {
            return Err(outside(&relative.to_string_lossy()));
        }
        let mut below = PathBuf::new();
        for part in relative.components() {
            below.push(part);
            match std::fs::create_dir(self.path.join(&below)) {
                Ok(()) => {}
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(Error::file(below.display(), &error)),
            }
        }
        // Refuses a symbolic link in any part.
        self.open_at(&relative.to_string_lossy(), libc::O_RDONLY | libc::O_DIRECTORY | libc::O_CLOEXEC, 0)
            .map(drop)
    }

    fn open_file(&self, path: &str) -> Result<File, Error> {
        let flags = libc::O_RDONLY | libc::O_NONBLOCK | libc::O_NOFOLLOW | libc::O_CLOEXEC;
        self.open_at(path, flags, 0).map(File::from)
    }

    fn open_at(&self, path: &str, flags: i32, mode: u64) -> Result<OwnedFd, Error> {
        if path.is_empty() || Path::new(path).is_absolute() {
            return Err(outside(path));
        }
        match openat2(self.directory.as_raw_fd(), OsStr::new(path), flags, mode) {
            Ok(fd) => Ok(fd),
            Err(error) if matches!(error.raw_os_error(), Some(libc::EXDEV | libc::ELOOP)) => {
                Err(outside(path))
            }
            Err(error) => Err(Error::file(format!("landing zone, {path}"), &error)
                .hint("SELECT * FROM stellantis.landing_files();")),
        }
    }
}

fn openat2(directory: RawFd, path: &OsStr, flags: i32, mode: u64) -> std::io::Result<OwnedFd> {
    let path =
        CString::new(path.as_bytes()).map_err(|_| std::io::Error::from(std::io::ErrorKind::InvalidInput))?;
    // SAFETY: open_how is plain data, zero is its documented default; the kernel reads `size_of` bytes of it and the
    // NUL-terminated path, and returns a descriptor that nobody else owns.
    unsafe {
        let mut how: libc::open_how = std::mem::zeroed();
        how.flags = flags as u64;
        how.mode = mode;
        how.resolve = libc::RESOLVE_BENEATH | libc::RESOLVE_NO_SYMLINKS | libc::RESOLVE_NO_MAGICLINKS;
        let fd = libc::syscall(
            libc::SYS_openat2,
            directory,
            path.as_ptr(),
            &how as *const libc::open_how,
            std::mem::size_of::<libc::open_how>(),
        );
        if fd < 0 { Err(std::io::Error::last_os_error()) } else { Ok(OwnedFd::from_raw_fd(fd as RawFd)) }
    }
}

fn file_problem(metadata: &std::fs::Metadata) -> Option<String> {
    if metadata.file_type().is_symlink() {
        Some("it is a symbolic link".to_owned())
    } else if !metadata.is_file() {
        Some("it is not a regular file".to_owned())
    } else if metadata.nlink() > 1 {
        Some(format!("it has {} names (hard links)", metadata.nlink()))
    } else {
        None
    }
}

fn outside(path: &str) -> Error {
    Error::new(
        PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
        format!("path \"{path}\" does not lie inside the landing zone, or leads through a symbolic link"),
    )
    .hint("SELECT * FROM stellantis.landing_files();")
}

fn changed(path: &str) -> Error {
    Error::new(
        PgSqlErrorCode::ERRCODE_OBJECT_IN_USE,
        format!("{path} changed while it was read; it is left for the next run"),
    )
    .hint("Write files under another name and rename them into the landing zone when they are complete.")
}

fn out_of_memory(path: &str, bytes: usize) -> Error {
    Error::new(PgSqlErrorCode::ERRCODE_OUT_OF_MEMORY, format!("{path}: could not allocate {bytes} bytes"))
}

/// The operating system user the server runs as, by name where it has one, else by number.
fn os_user() -> String {
    // SAFETY: geteuid cannot fail; getpwuid returns NULL or a record of static storage whose name is NUL-terminated,
    // copied before anything else can overwrite it (a backend's only thread is here).
    unsafe {
        let uid = libc::geteuid();
        let record = libc::getpwuid(uid);
        if record.is_null() {
            format!("with uid {uid}")
        } else {
            CStr::from_ptr((*record).pw_name).to_string_lossy().into_owned()
        }
    }
}

struct RemoveOnDrop(PathBuf);

impl Drop for RemoveOnDrop {
    fn drop(&mut self) {
        // A file that can't be removed is hidden and never listed; there is nobody to tell.
        let _ = std::fs::remove_file(&self.0);
    }
}
