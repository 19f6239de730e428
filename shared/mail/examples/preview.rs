//! Writes every notice in every language as `<language>-<name>.html`, `.txt` and `.eml` into the folder given as
//! argument, for visual review. Run it with `cargo run -p outlay-mail --example preview -- <folder>`.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use outlay_domain::language::Language;
use outlay_mail::{LineFacts, ReportFacts};

#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "written for tests, from literals")]
#[path = "../tests/mail/samples.rs"]
mod samples;
#[expect(dead_code, clippy::unwrap_used, reason = "written for tests, from literals")]
#[path = "../tests/mail/statements.rs"]
mod statements;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(env::args().nth(1).ok_or("usage: preview <folder>")?);
    fs::create_dir_all(&folder)?;
    let mut notices = samples::notices();
    notices.push(("approval-extreme", samples::approval(extreme_report())));
    let earlier =
        ["0100-first@eu-central-1.amazonses.com".to_owned(), "0100-last@eu-central-1.amazonses.com".to_owned()];
    for &language in Language::ALL {
        let to = samples::recipient(language);
        for (name, notice) in &notices {
            let message = notice.render(&to)?;
            let file = |kind: &str| folder.join(format!("{}-{name}.{kind}", language.tag()));
            fs::write(file("html"), &message.html)?;
            fs::write(file("txt"), format!("Subject: {}\n\n{}", message.subject, message.text))?;
            fs::write(file("eml"), message.to_mime("Outlay <expenses@example.com>", &to, &earlier)?)?;
        }
    }
    Ok(())
}

/// Values that strain the layout: unbreakable words, huge amounts, other scripts.
fn extreme_report() -> ReportFacts {
    let sample = samples::report();
    let total = samples::money("9999999999.99 IDR");
    let strained = LineFacts {
        converted: Some(total),
        granted: Some(samples::money("9999999999.98 IDR")),
        amount: total,
        ..samples::line("2025-06-30", "מסעדת השף & Söhne <GmbH>", "ארוחות", "1.00 EUR")
    };
    ReportFacts {
        title: "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz-Schulung in Mecklenburg-Vorpommern, second \
                half, with all the participants from both offices"
            .to_owned(),
        owner: "Wolfeschlegelsteinhausenbergerdorff-Maximiliana Christiansdottir".to_owned(),
        total,
        reimbursable: Some(total),
        expenses: 120,
        lines: std::iter::once(strained).chain(sample.lines).collect(),
        ..sample
    }
}
