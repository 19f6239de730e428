//! Writes every notice as `<name>.html`, `<name>.txt` and `<name>.eml` into the folder given as argument, to be looked at.
//! Run it with `cargo run -p outlay-mail --example preview -- <folder>`.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use outlay_mail::{LineFacts, ReportFacts};

#[path = "../tests/mail/samples.rs"]
mod samples;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(env::args().nth(1).ok_or("usage: preview <folder>")?);
    fs::create_dir_all(&folder)?;
    let to = samples::recipient();
    let mut notices = samples::notices();
    notices.push(("approval-extreme", samples::approval(extreme_report())));
    for (name, notice) in notices {
        let message = notice.render(&to)?;
        fs::write(folder.join(format!("{name}.html")), &message.html)?;
        fs::write(folder.join(format!("{name}.txt")), format!("Subject: {}\n\n{}", message.subject, message.text))?;
        let mime = message.to_mime("Outlay <expenses@example.com>", &to, Some("rep_01h455vb4pex5vsknk084sn02q"))?;
        fs::write(folder.join(format!("{name}.eml")), mime)?;
    }
    Ok(())
}

/// Values that strain the layout: unbreakable words, huge amounts, other scripts.
fn extreme_report() -> ReportFacts {
    let sample = samples::report();
    let total = "1,204,600,000,000.00 IDR".to_owned();
    let strained = LineFacts {
        date: "2025-06-30".to_owned(),
        merchant: "מסעדת השף & Söhne <GmbH>".to_owned(),
        category: "Meals".to_owned(),
        amount: total.clone(),
        note: None,
    };
    ReportFacts {
        title: "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz-Schulung in Mecklenburg-Vorpommern, second \
                half, with all the participants from both offices"
            .to_owned(),
        owner: "Wolfeschlegelsteinhausenbergerdorff-Maximiliana Christiansdottir".to_owned(),
        total,
        expenses: 120,
        lines: std::iter::once(strained).chain(sample.lines).collect(),
        ..sample
    }
}
