//! Writes the sample documents into a folder: `cargo run -p outlay-pdf --example sample -- <folder>`.

#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "written for tests, from literals")]
#[path = "../tests/pdf/samples.rs"]
mod samples;

use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::Instant;

use outlay_domain::language::Language;
use outlay_domain::receipt::Receipt;
use outlay_pdf::write_report;
use samples::Sample;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("usage: sample <folder>")?;
    let folder = Path::new(&folder);
    fs::create_dir_all(folder)?;
    for language in Language::ALL {
        write(folder, &format!("five-receipts-{}", language.tag()), &samples::five_receipts(), *language)?;
    }
    write(folder, "long-de", &samples::long(200), Language::De)?;
    write(folder, "hostile-en", &samples::hostile(), Language::En)?;
    Ok(())
}

fn write(folder: &Path, name: &str, sample: &Sample, language: Language) -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    let mut file = Vec::new();
    let mut source = |receipt: &Receipt| Ok(sample.files.get(&receipt.id).cloned());
    let summary = write_report(&sample.document(), language, &mut source, &mut file)?;
    println!("{name}: {summary:?} in {:?}", start.elapsed());
    fs::write(folder.join(format!("{name}.pdf")), file)?;
    Ok(())
}
