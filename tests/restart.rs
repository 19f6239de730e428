//! Restart: a killed stack keeps every acknowledged write and sends every mail that is due.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use outlay_local::{Data, Stack};
use serde_json::{Value, json};

use crate::support::{Person, World, expense, mail, now, options, run_schedule, send};

const FOLDER: &str = "OUTLAY_TEST_FOLDER";

/// Not a test: the stack as its own process, started and killed by the test below.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "is started by the test in this file as a process to be killed"]
#[expect(clippy::disallowed_methods, reason = "the folder comes from the test that starts this process")]
async fn stack_process() {
    let folder = PathBuf::from(std::env::var(FOLDER).unwrap());
    let stack = Stack::start(options(Data::Folder(folder))).await.unwrap();
    println!("\nurl {}", stack.url());
    std::future::pending::<()>().await;
}

struct Process {
    child: Child,
    url: String,
}

impl Process {
    fn start(folder: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "restart::stack_process", "--ignored", "--nocapture"])
            .env(FOLDER, folder)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let url = lines.find_map(|line| line.strip_prefix("url ").map(str::to_owned)).unwrap();
        // The pipe is drained, because the test harness in the process ends when a write fails.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, url }
    }
}

impl Drop for Process {
    /// SIGKILL: no orderly shutdown.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restarted_stack_keeps_acknowledged_writes_and_mails() {
    let folder = tempfile::tempdir().unwrap();
    let mut process = Process::start(folder.path());
    let world = World::on(&process.url).await;
    let mut made = Vec::new();
    for round in 0..4 {
        let world = world.at(&process.url).await;
        for number in 0..2 {
            let body =
                json!({"title": format!("Trip {round}.{number}"), "expenses": [expense("10.00")], "submit": true});
            made.push(world.ana.post(&world.path("reports"), &body).await.expect(201));
        }
        // Killed directly after the response: the approver's mail is in progress or not yet started.
        drop(process);
        process = Process::start(folder.path());
    }
    let world = world.at(&process.url).await;
    for report in &made {
        assert_eq!(&world.ana.get(&world.report(report, "")).await.expect(200), report);
    }
    // The stream does not take over the lease of a killed run, because SES may have accepted the mail. A later sweep
    // does.
    let idle = format!("{}/_local/streams/triggers-notify?until=idle", process.url);
    while send(reqwest::Client::new().get(&idle)).await.expect(200)["behind"] != 0 {}
    run_schedule(&process.url, "triggers-sweep", now() + jiff::SignedDuration::from_hours(1)).await;
    let mut mails = mail(&process.url, &world.marco.email, 1 + made.len()).await;
    let about = |mails: &[Value], report: &Value| {
        let number = report["number"].as_str().unwrap();
        mails.iter().filter(|mail| mail["text"].as_str().unwrap().contains(number)).count()
    };
    // SES has no client token: a kill between its response and the stored status can repeat a mail but never lose it.
    while made.iter().any(|report| about(&mails, report) == 0) {
        mails = mail(&process.url, &world.marco.email, mails.len() + 1).await;
    }
    assert!(made.iter().all(|report| about(&mails, report) <= 2));
    assert!(mails.len() <= 1 + made.len() + 4, "at most one repeated mail for each kill");
}

/// The stack's issuer has its port, so a restart is a change of the trusted issuer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn seat_is_bound_to_issuer_and_subject() {
    let folder = tempfile::tempdir().unwrap();
    let stack = Stack::start(options(Data::Folder(folder.path().to_owned()))).await.unwrap();
    let world = World::on(stack.url()).await;
    world.submitted("10.00").await;
    let robot = json!({"name": "Import", "kind": "service", "subject": "import-1", "role": "finance"});
    world.admin.post(&world.path("members"), &robot).await.expect(201);
    stack.stop().await;

    let stack = Stack::start(options(Data::Folder(folder.path().to_owned()))).await.unwrap();
    let world = World { ana: world.ana.clone(), ..world.at(stack.url()).await };
    let (me, here) = (world.path("members/me"), Person { base: stack.url().to_owned(), ..world.ana.clone() });
    // The subject alone says nothing: another issuer can give it to another person or program.
    let subject = format!("sub-{}", world.ana.email);
    let stranger = here.with_token(&json!({"sub": subject, "email": "eve@example.com", "name": "Eve"})).await;
    stranger.get(&me).await.problem(404, "/problems/not-found");
    Person::sign_in_service(stack.url(), "import-1").await.get(&me).await.problem(404, "/problems/not-found");
    // The verified address does, as for an invitation, and the next change binds the new identity.
    let ana = here.with_token(&json!({"sub": "new-subject", "email": world.ana.email, "name": "Ana"})).await;
    assert_eq!(ana.get(&me).await.expect(200)["id"], json!(world.ana.id));
    ana.patch(&me, &json!({"language": "fr"})).await.expect(200);
    let other = here.with_token(&json!({"sub": "third-subject", "email": world.ana.email, "name": "Ana"})).await;
    other.get(&me).await.problem(404, "/problems/not-found");
    assert_eq!(ana.get(&me).await.expect(200)["language"], "fr");
    // The old subject is free for another member.
    let old = json!({"name": "Import", "kind": "service", "subject": "import-1"});
    world.admin.post(&world.path("members"), &old).await.expect(201);
    stack.stop().await;
}
