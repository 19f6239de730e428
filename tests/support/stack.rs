//! The stack that all tests share, and the options of a stack for one test.

use std::path::PathBuf;
use std::sync::OnceLock;

use outlay_local::{Data, Options, Stack};

/// The shared stack, in memory, with a runtime of its own: the runtime of a test ends with the test.
struct SharedStack {
    _runtime: tokio::runtime::Runtime,
    stack: Stack,
}

static SHARED: OnceLock<SharedStack> = OnceLock::new();

/// Returns the shared stack; the first call starts it.
pub(super) fn shared_stack() -> &'static Stack {
    let shared = SHARED.get_or_init(|| {
        // In a thread of its own, because the runtime thread of a test must not block.
        std::thread::spawn(|| {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            let stack = runtime.block_on(Stack::start(options(Data::InMemory))).unwrap();
            SharedStack { _runtime: runtime, stack }
        })
        .join()
        .unwrap()
    });
    &shared.stack
}

/// True when the URL is that of the shared stack.
pub(super) fn is_shared(url: &str) -> bool {
    SHARED.get().is_some_and(|shared| shared.stack.url() == url)
}

/// Returns the options of a stack with the project's template, the binaries of this build and the test kit.
pub fn options(data: Data) -> Options {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let binary = PathBuf::from(env!("CARGO_BIN_EXE_service-health"));
    Options {
        template: root.join("template.yaml"),
        bin_dir: binary.parent().unwrap().to_owned(),
        data,
        port: 0,
        throttling: false,
        authorizer: true,
        test_kit: Some(outlay_test_kit::start),
    }
}

/// Returns the URL of the shared stack.
pub fn url() -> String {
    shared_stack().url().to_owned()
}
