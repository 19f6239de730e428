//! CPU time and peak memory of the worst files: `cargo bench -p outlay-receipts`. Each file is inspected in a process of
//! its own. Fails when one takes five seconds of CPU or 512 MB. Reads `/proc`, so it needs Linux.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a benchmark that cannot go on should say so and stop")]

mod worst_files;

use std::process::Command;
use std::time::Duration;

use jiff::Timestamp;
use outlay_domain::ids::IdGenerator;
use outlay_domain::receipt::{MediaType, Receipt, ReceiptStatus};
use outlay_domain::text::hex;
use outlay_receipts::inspect;
use sha2::{Digest, Sha256};

/// Limits of one file.
const MAX_CPU_SECONDS: f64 = 5.0;
const MAX_MEMORY_KIB: u64 = 512_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [mode, path, media_type] if mode == "--file" => measure(path, media_type),
        arguments => compare(arguments.iter().find(|argument| !argument.starts_with("--")).map_or("", String::as_str)),
    }
}

/// Measures every kind whose name contains a text.
fn compare(filter: &str) {
    let folder = std::env::temp_dir().join(format!("outlay-inspect-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("file");
    let mut over = Vec::new();
    println!("{:<40} {:>9} {:>8} {:>8}  result", "file", "bytes", "CPU s", "peak MB");
    for file in worst_files::ALL.iter().filter(|file| file.name.contains(filter)) {
        let bytes = (file.build)(file.full);
        std::fs::write(&path, &bytes).unwrap();
        let arguments = ["--file", path.to_str().unwrap(), file.media_type.name()];
        let output = Command::new(std::env::current_exe().unwrap()).args(arguments).output().unwrap();
        let line = String::from_utf8(output.stdout).unwrap();
        let [cpu, memory, result] = line.trim().splitn(3, ' ').collect::<Vec<_>>()[..] else {
            panic!("{}: {line} {}", file.name, String::from_utf8_lossy(&output.stderr));
        };
        let (cpu, memory): (f64, u64) = (cpu.parse().unwrap(), memory.parse().unwrap());
        println!("{:<40} {:>9} {cpu:>8.2} {:>8}  {result}", file.name, bytes.len(), memory / 1000);
        if cpu >= MAX_CPU_SECONDS || memory >= MAX_MEMORY_KIB {
            over.push(file.name);
        }
    }
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(over.is_empty(), "beyond the limits: {over:?}");
}

/// Inspects one file, and prints the time, the peak memory and the result.
fn measure(path: &str, media_type: &str) {
    let bytes = std::fs::read(path).unwrap();
    let mut ids = IdGenerator::new(Timestamp::UNIX_EPOCH, [0; 10]);
    let sha256 = hex(&Sha256::digest(&bytes));
    let receipt = Receipt {
        id: ids.next_id(),
        name: "receipt".parse().unwrap(),
        media_type: MediaType::from_declaration(media_type).unwrap(),
        size: u64::try_from(bytes.len()).unwrap(),
        sha256: sha256.parse().unwrap(),
        by: ids.next_id(),
        upload_until: Timestamp::UNIX_EPOCH,
        status: ReceiptStatus::Pending,
        duplicate_of: Vec::new(),
    };
    let result = inspect(bytes, &receipt).map(|file| file.bytes.len());
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak = peak.split_whitespace().next().unwrap();
    // Nanoseconds on a processor, then waiting for one.
    let scheduled = std::fs::read_to_string("/proc/self/schedstat").unwrap();
    let on_cpu: u64 = scheduled.split_whitespace().next().unwrap().parse().unwrap();
    println!("{} {peak} {result:?}", Duration::from_nanos(on_cpu).as_secs_f64());
}
