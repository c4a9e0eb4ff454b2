//! Files of a directory that others write to: the landing zone.
//!
//! Nothing in it is trusted. Paths resolve beneath the zone without symbolic links (openat2), only regular files with
//! one name are opened, without blocking (a FIFO would hang a backend for good), and new files never replace old ones.
//! Directories are walked and made by their descriptors, so that one swapped for a link meanwhile leads nowhere.

use std::ffi::{CStr, CString, OsStr};
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;

use pgrx::prelude::*;

use super::transaction::check_for_interrupts;
use crate::error::Error;

const MAX_DEPTH: usize = 8;
const MAX_FILES: usize = 100_000;

const DIRECTORY: i32 = libc::O_RDONLY | libc::O_DIRECTORY | libc::O_CLOEXEC;

/// An open zone.
pub struct Zone {
    path: PathBuf,
    directory: File,
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
        match File::options().read(true).custom_flags(DIRECTORY).open(&path) {
            Ok(directory) => Ok(Self { path, directory }),
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
        self.walk(&self.directory, Path::new(""), 0, &mut entries)?;
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(entries)
    }

    /// `below` names the open directory, for what is said of its entries; nothing is looked up by it.
    fn walk(
        &self,
        directory: &File,
        below: &Path,
        depth: usize,
        entries: &mut Vec<Entry>,
    ) -> Result<(), Error> {
        let listing = std::fs::read_dir(format!("/proc/self/fd/{}", directory.as_raw_fd()))
            .map_err(|e| Error::file(below.display(), &e))?;
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
            let mut closed = None;
            if metadata.is_dir() {
                let outcome = openat2(directory, &name, DIRECTORY, 0)
                    .map_err(|e| Error::file(relative.display(), &e))
                    .and_then(|opened| self.walk(&opened, &relative, depth + 1, entries));
                match outcome {
                    Ok(()) => continue,
                    Err(error) if error.is_about_a_file() => closed = Some(error.into_parts().1),
                    Err(error) => return Err(error),
                }
            }
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
        // Before anything is made: `..` and absolute paths lead out of the zone.
        let mut parts = Vec::new();
        for part in Path::new(path).components() {
            match part {
                Component::Normal(part) => parts.push(part),
                _ => return Err(outside(path)),
            }
        }
        let Some((name, parents)) = parts.split_last() else { return Err(outside(path)) };
        let directory = self.make_directory(path, parents)?;
        let (mut temporary, file) = Temporary::create(&directory).map_err(|e| at(path, &e))?;
        let mut file = std::io::BufWriter::with_capacity(1 << 18, file);
        fill(&mut file)?;
        let file = file.into_inner().map_err(|e| at(path, e.error()))?;
        file.sync_all().map_err(|e| at(path, &e))?;
        match temporary.publish(name).and_then(|()| directory.sync_all()) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Err(Error::new(
                PgSqlErrorCode::ERRCODE_DUPLICATE_FILE,
                format!("{path} is already in the landing zone; nothing was overwritten"),
            )
            .hint("SELECT * FROM stellantis.landing_files();")),
            Err(error) => Err(at(path, &error)),
        }
    }

    /// Opens the directory of `path` part by part, making what is missing: never through a symbolic link.
    fn make_directory(&self, path: &str, parents: &[&OsStr]) -> Result<File, Error> {
        let mut directory = self.directory.try_clone().map_err(|e| at(path, &e))?;
        for part in parents {
            let below = match openat2(&directory, part, DIRECTORY, 0) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    mkdirat(&directory, part, 0o750)
                        .and_then(|()| directory.sync_all())
                        .and_then(|()| openat2(&directory, part, DIRECTORY, 0))
                }
                answer => answer,
            };
            directory = below.map_err(|e| at(path, &e))?;
        }
        Ok(directory)
    }

    fn open_file(&self, path: &str) -> Result<File, Error> {
        if path.is_empty() || Path::new(path).is_absolute() {
            return Err(outside(path));
        }
        let flags = libc::O_RDONLY | libc::O_NONBLOCK | libc::O_NOFOLLOW | libc::O_CLOEXEC;
        openat2(&self.directory, OsStr::new(path), flags, 0).map_err(|e| at(path, &e))
    }
}

/// A file under a hidden name that nobody else has; gone with this, unless it was published.
struct Temporary<'a> {
    directory: &'a File,
    name: CString,
    published: bool,
}

impl<'a> Temporary<'a> {
    fn create(directory: &'a File) -> std::io::Result<(Self, File)> {
        // The time keeps apart what a killed backend with the same number left.
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let name = format!(".{}-{}", std::process::id(), now.as_nanos());
        let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL | libc::O_CLOEXEC;
        let file = openat2(directory, OsStr::new(&name), flags, 0o640)?;
        Ok((Self { directory, name: c_name(OsStr::new(&name))?, published: false }, file))
    }

    /// Gives it its name in the directory. Never replaces a file, whoever made it meanwhile: `AlreadyExists`.
    fn publish(&mut self, name: &OsStr) -> std::io::Result<()> {
        let name = c_name(name)?;
        let fd = self.directory.as_raw_fd();
        // SAFETY: an open directory and NUL-terminated names, all borrowed for the call.
        let code =
            unsafe { libc::renameat2(fd, self.name.as_ptr(), fd, name.as_ptr(), libc::RENAME_NOREPLACE) };
        if code == 0 {
            self.published = true;
            return Ok(());
        }
        let error = std::io::Error::last_os_error();
        if error.raw_os_error() != Some(libc::EINVAL) {
            return Err(error);
        }
        // NFS knows no such renaming; a hard link does not replace a file either, and the first name goes with `self`.
        // SAFETY: as above.
        match unsafe { libc::linkat(fd, self.name.as_ptr(), fd, name.as_ptr(), 0) } {
            0 => Ok(()),
            _ => Err(std::io::Error::last_os_error()),
        }
    }
}

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        if !self.published {
            // A file that can't be removed is hidden and never listed; there is nobody to tell.
            // SAFETY: an open directory and a NUL-terminated name, both borrowed for the call.
            unsafe { libc::unlinkat(self.directory.as_raw_fd(), self.name.as_ptr(), 0) };
        }
    }
}

fn c_name(name: &OsStr) -> std::io::Result<CString> {
    CString::new(name.as_bytes()).map_err(|_| std::io::ErrorKind::InvalidInput.into())
}

/// Opens what lies beneath the directory; a symbolic link in any part is ELOOP, a way out EXDEV.
fn openat2(directory: &File, path: &OsStr, flags: i32, mode: u64) -> std::io::Result<File> {
    let path = c_name(path)?;
    // SAFETY: open_how is plain data, zero is its documented default; the kernel reads `size_of` bytes of it and the
    // NUL-terminated path, and returns a descriptor that nobody else owns.
    unsafe {
        let mut how: libc::open_how = std::mem::zeroed();
        how.flags = flags as u64;
        how.mode = mode;
        how.resolve = libc::RESOLVE_BENEATH | libc::RESOLVE_NO_SYMLINKS | libc::RESOLVE_NO_MAGICLINKS;
        let fd = libc::syscall(
            libc::SYS_openat2,
            directory.as_raw_fd(),
            path.as_ptr(),
            &how as *const libc::open_how,
            std::mem::size_of::<libc::open_how>(),
        );
        if fd < 0 { Err(std::io::Error::last_os_error()) } else { Ok(File::from_raw_fd(fd as RawFd)) }
    }
}

/// Makes a directory; one that is there already is as good.
fn mkdirat(directory: &File, name: &OsStr, mode: libc::mode_t) -> std::io::Result<()> {
    let name = c_name(name)?;
    // SAFETY: an open directory and a NUL-terminated name, both borrowed for the call.
    match unsafe { libc::mkdirat(directory.as_raw_fd(), name.as_ptr(), mode) } {
        0 => Ok(()),
        _ => match std::io::Error::last_os_error() {
            error if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
            error => Err(error),
        },
    }
}

/// The operating system's answer about a path of the zone.
fn at(path: &str, error: &std::io::Error) -> Error {
    match error.raw_os_error() {
        Some(libc::EXDEV | libc::ELOOP) => outside(path),
        _ => Error::file(format!("landing zone, {path}"), error)
            .hint("SELECT * FROM stellantis.landing_files();"),
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
