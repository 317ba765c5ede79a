//! `cargo xtask soak`: servers under `ldt check` and under load for a long time. They must answer to the
//! end, and nothing may be reported of them.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::{packages, step, workspace};

/// A server of node's that allocates for each request, below and above what V8 has.
const NODE_SERVER: &str = "const http = require('http'), zlib = require('zlib');
    http.createServer((request, answer) => answer.end(zlib.gzipSync(Buffer.alloc(20000, request.url))))
        .listen(+process.argv[1], '127.0.0.1');
    process.on('SIGTERM', () => process.exit(0));";

/// Asks it without pause for so many seconds.
const NODE_CLIENT: &str = "const http = require('http'), end = Date.now() + 1000 * process.argv[2];
    const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
    let asked = 0;
    const ask = () => Date.now() > end ? undefined :
        http.get({ port: +process.argv[1], agent, path: '/' + asked++ }, (answer) => {
            answer.resume(); answer.on('end', ask);
        }).on('error', (error) => { console.error(error); process.exit(1); });
    for (let n = 0; n < 8; n++) ask();
    process.on('exit', () => console.log(asked + ' requests'));";

/// Soaks the servers for `minutes`, side by side.
pub(crate) fn run(minutes: u32) -> anyhow::Result<()> {
    packages::ensure(packages::TEST)?;
    step::run(workspace::cargo().args(["build", "--release", "--workspace"]))?;
    let seconds = u64::from(minutes) * 60;
    let folder = workspace::target().join("soak");
    fs::create_dir_all(&folder)?;
    // At once: a soak takes as long as it takes.
    std::thread::scope(|scope| {
        let redis = scope.spawn(|| redis(&folder, seconds));
        let node = node(&folder, seconds);
        match redis.join() {
            Ok(redis) => redis.and(node),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

fn redis(folder: &Path, seconds: u64) -> anyhow::Result<()> {
    let port = free_port()?.to_string();
    let json = folder.join("redis.json");
    let mut server = checked(&json, "redis-server")
        .args(["--port", &port, "--save", "", "--io-threads", "2", "--dir"])
        .arg(folder)
        .spawn()?;
    wait_for(&mut server, &port)?;
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut rounds = 0;
    while Instant::now() < end {
        step::run(
            Command::new("redis-benchmark")
                .args(["-p", &port, "-q", "-n", "20000", "-r", "20000", "-d", "300"])
                .stdout(Stdio::null()),
        )?;
        rounds += 1;
    }
    step::run(Command::new("redis-cli").args(["-p", &port, "shutdown", "nosave"]))?;
    judge("redis-server", server, &json)?;
    println!("redis-server: {rounds} rounds of redis-benchmark, nothing reported");
    Ok(())
}

fn node(folder: &Path, seconds: u64) -> anyhow::Result<()> {
    let port = free_port()?.to_string();
    let json = folder.join("node.json");
    let mut server = checked(&json, "node")
        .args(["-e", NODE_SERVER, &port])
        .spawn()?;
    wait_for(&mut server, &port)?;
    step::run(Command::new("node").args(["-e", NODE_CLIENT, &port, &seconds.to_string()]))?;
    // `ldt` hands the signal on to the server.
    step::run(Command::new("kill").arg(server.id().to_string()))?;
    judge("node", server, &json)?;
    println!("node: nothing reported");
    Ok(())
}

/// A command under `ldt check`; leaks of the servers' own are not what is looked for.
fn checked(json: &Path, program: &str) -> Command {
    let mut command = Command::new(workspace::target().join("release/ldt"));
    command
        .args(["check", "--errors-for-leak-kinds=none", "--json"])
        .arg(json)
        .args(["--", program])
        .stdout(Stdio::null());
    command
}

fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn wait_for(server: &mut Child, port: &str) -> anyhow::Result<()> {
    while TcpStream::connect(format!("127.0.0.1:{port}")).is_err() {
        if let Some(status) = server.try_wait()? {
            bail!("the server ended by itself: {status}");
        }
        std::thread::yield_now();
    }
    Ok(())
}

fn judge(name: &str, mut server: Child, json: &Path) -> anyhow::Result<()> {
    let status = server.wait()?;
    let text = fs::read_to_string(json).with_context(|| format!("no {}", json.display()))?;
    if !status.success() {
        bail!("{name} ends by {status}; see {}", json.display());
    }
    // An error would have made the exit code 99; the file says so once more.
    if !text.contains("\"errors\": []") && !text.contains("\"errors\":[]") {
        bail!("errors were reported of {name}: {}", json.display());
    }
    Ok(())
}
