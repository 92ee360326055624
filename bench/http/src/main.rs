//! Tools for the API's bench: `serve` answers with given bytes and does nothing else, `load` sends requests
//! and measures, `tokens` signs tokens for the people on whose behalf it sends them. `verify` measures the
//! check of tokens itself.
//!
//! Servers and clients are restricted to loopback: an address of any other kind is refused. All are bounded,
//! in time and in count.

mod headers;
mod load;
mod loopback;
mod serve;
mod targets;
mod tokens;
mod verify;

use std::process::ExitCode;

use clap::Parser;

/// A bare HTTP server, a load generator and tokens for it, on loopback only.
#[derive(Debug, Parser)]
#[command(name = "bench-http")]
enum Command {
    /// Answer every request with the same bytes.
    Serve(serve::Options),
    /// Send requests over kept-alive connections; print what was measured as one line of JSON.
    Load(load::Options),
    /// Sign access tokens for a list of people, for an API that trusts the key set written with them.
    Tokens(tokens::Options),
    /// Check tokens in this process, both new and seen before; print the time that it takes as one line of
    /// JSON.
    Verify(verify::Options),
}

fn main() -> ExitCode {
    let command = Command::parse();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    let done = runtime.block_on(async {
        match command {
            Command::Serve(options) => serve::run(options).await,
            Command::Load(options) => load::run(options).await,
            Command::Tokens(options) => tokens::run(&options),
            Command::Verify(options) => verify::run(options).await,
        }
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(error.as_ref()),
    }
}

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[expect(clippy::print_stderr, reason = "a tool's errors go to its terminal")]
fn fail(error: &dyn std::error::Error) -> ExitCode {
    eprintln!("bench-http: {error}");
    ExitCode::FAILURE
}

/// Prints the one line that the caller reads.
#[expect(clippy::print_stdout, reason = "a tool's answer goes to its standard output")]
fn answer(line: &serde_json::Value) {
    println!("{line}");
}
