//! Writes the four synthetic files: `cargo run --release -p engine --example generate -- DIR [quality_rows] [--force]`.
//! Files that are there already are kept unless `--force` is given.

use engine::synthetic::{DEFAULT_SEED, Dataset, generate};
use std::error::Error;
use std::fs::{self, OpenOptions};
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let (options, arguments): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|argument| argument.starts_with("--"));
    let force = match options.as_slice() {
        [] => false,
        [option] if option == "--force" => true,
        _ => return Err("the only option is --force".into()),
    };
    let (folder, quality_rows) = match arguments.as_slice() {
        [folder] => (folder, Dataset::Quality.default_rows()),
        [folder, rows] => (folder, rows.parse()?),
        _ => return Err("usage: generate DIR [quality_rows] [--force]".into()),
    };
    for dataset in Dataset::ALL {
        let rows = if dataset == Dataset::Quality { quality_rows } else { dataset.default_rows() };
        let path = Path::new(folder).join(dataset.file_name());
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let mut options = OpenOptions::new();
        options.write(true);
        if force {
            options.create(true).truncate(true);
        } else {
            options.create_new(true);
        }
        let mut file = options
            .open(&path)
            .map_err(|error| format!("{}: {error}; --force replaces it", path.display()))?;
        let written = generate(dataset, rows, DEFAULT_SEED, 0.0, &mut file, &mut || false)?;
        println!("{}: {written} rows", path.display());
    }
    Ok(())
}
