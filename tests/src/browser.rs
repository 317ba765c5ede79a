//! A real browser, Debian's headless Chromium, driven as a person would: it loads a page, points, drags, types,
//! and is asked what the page shows. What it complained about and what it fetched is kept.
//!
//! It is spoken to by the DevTools protocol through two pipes (`--remote-debugging-pipe`: messages of JSON, each
//! ended by a zero byte). A port would need a web socket, and anybody on the machine could use it.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::installed::program;

/// A browser that says nothing for so long hangs.
const HANGS_AFTER: Duration = Duration::from_secs(120);

/// What the page is looked at with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Screen {
    /// Width in CSS pixels.
    pub width: u32,
    /// Height in CSS pixels.
    pub height: u32,
    /// What the person prefers.
    pub scheme: Scheme,
}

/// Dark letters on light, or the other way round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Screen {
    /// A desk's.
    pub const DESK: Screen = Screen {
        width: 1280,
        height: 900,
        scheme: Scheme::Light,
    };
    /// The same at night.
    pub const DARK: Screen = Screen {
        scheme: Scheme::Dark,
        ..Screen::DESK
    };
    /// A pocket's.
    pub const PHONE: Screen = Screen {
        width: 390,
        height: 844,
        scheme: Scheme::Light,
    };
}

/// A browser with one page open.
pub struct Browser {
    child: Child,
    to: ChildStdin,
    from: Receiver<Value>,
    session: Option<String>,
    last_id: u64,
    events: Vec<Value>,
    // Goes with the browser.
    _profile: TempDir,
}

impl Browser {
    /// Opens a page of this machine, and waits until its script says that it is ready.
    #[must_use]
    pub fn open(page: &Path, screen: Screen) -> Browser {
        let mut browser = Browser::start();
        let target = browser.call("Target.createTarget", json!({"url": "about:blank"}));
        let target = json!({"targetId": target["targetId"], "flatten": true});
        let attached = browser.call("Target.attachToTarget", target);
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        browser.look_with(screen);
        let url = format!("file://{}", page.display());
        browser.call("Page.navigate", json!({"url": url}));
        browser.wait_for_event("Page.loadEventFired");
        browser.wait_until("document.documentElement.dataset.ready === 'true'");
        browser
    }

    fn start() -> Browser {
        let profile = tempfile::tempdir().expect("a temporary folder can be made");
        // The shell moves the pipes to the descriptors where the browser looks for them.
        let mut command = Command::new("/bin/sh");
        command
            .args([
                "-c",
                r#"exec "$0" "$@" 3<&0 4>&1 </dev/null >/dev/null 2>&1"#,
            ])
            .arg(program("chromium"))
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--remote-debugging-pipe",
            ])
            .args([
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
            ])
            .args([
                "--disable-sync",
                "--disable-dev-shm-usage",
                "--hide-scrollbars",
            ])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0);
        let mut child = command.spawn().expect("a shell can be started");
        let to = child.stdin.take().expect("it is a pipe");
        let from = messages(child.stdout.take().expect("it is a pipe"));
        Browser {
            child,
            to,
            from,
            session: None,
            last_id: 0,
            events: Vec::new(),
            _profile: profile,
        }
    }

    /// Goes on with another screen.
    pub fn look_with(&mut self, screen: Screen) {
        let metrics = json!({
            "width": screen.width, "height": screen.height, "deviceScaleFactor": 2,
            "mobile": screen.width < 600,
        });
        self.call("Emulation.setDeviceMetricsOverride", metrics);
        let scheme = match screen.scheme {
            Scheme::Light => "light",
            Scheme::Dark => "dark",
        };
        let feature = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.call("Emulation.setEmulatedMedia", json!({"features": feature}));
    }

    /// The value of an expression of JavaScript, which may be a promise.
    ///
    /// # Panics
    /// When it throws.
    pub fn ask(&mut self, expression: &str) -> Value {
        let question =
            json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let mut answer = self.call("Runtime.evaluate", question);
        assert!(
            answer.get("exceptionDetails").is_none(),
            "{expression} throws: {answer}"
        );
        answer["result"]["value"].take()
    }

    /// The text of the first element that a selector finds, as it is shown.
    pub fn text(&mut self, selector: &str) -> String {
        let answer = self.ask(&format!(
            "document.querySelector({}).innerText",
            json!(selector)
        ));
        answer.as_str().unwrap_or_default().to_owned()
    }

    /// The exact number behind a figure.
    pub fn figure(&mut self, selector: &str) -> f64 {
        let text = self.ask(&format!(
            "Number(document.querySelector({}).dataset.value)",
            json!(selector)
        ));
        text.as_f64().unwrap_or(f64::NAN)
    }

    /// Waits until an expression is true.
    pub fn wait_until(&mut self, expression: &str) {
        // In the page: asking again and again would need a pause.
        self.ask(&format!(
            "new Promise((done) => {{ const look = () => ({expression}) ? done(true) : setTimeout(look, 5); look(); }})"
        ));
    }

    /// Presses the mouse in the middle of what a selector finds, and lets go.
    pub fn click(&mut self, selector: &str) {
        let place = self.ask(&format!(
            "(() => {{ const e = document.querySelector({}); e.scrollIntoView({{block: 'center'}}); \
             const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; }})()",
            json!(selector)
        ));
        let at = [0, 1].map(|axis| place[axis].as_f64().unwrap_or_default());
        self.press(at);
        self.release(at);
    }

    /// Drags the mouse across what a selector finds, between two parts of its width.
    pub fn drag(&mut self, selector: &str, from: f64, to: f64) {
        let place = self.ask(&format!(
            "(() => {{ const e = document.querySelector({}); e.scrollIntoView({{block: 'center'}}); \
             const r = e.getBoundingClientRect(); return [r.x, r.width, r.y + r.height / 2]; }})()",
            json!(selector)
        ));
        let [x, width, y] = [0, 1, 2].map(|part| place[part].as_f64().unwrap_or_default());
        self.press([x + width * from, y]);
        for step in 1..=5 {
            let part = from + (to - from) * f64::from(step) / 5.0;
            self.mouse("mouseMoved", [x + width * part, y]);
        }
        self.release([x + width * to, y]);
    }

    fn press(&mut self, at: [f64; 2]) {
        self.mouse("mouseMoved", at);
        self.mouse("mousePressed", at);
    }

    fn release(&mut self, at: [f64; 2]) {
        self.mouse("mouseReleased", at);
    }

    /// Moves, presses or releases the mouse at a point of the window.
    pub fn mouse(&mut self, what: &str, [x, y]: [f64; 2]) {
        let is_held = what != "mouseReleased";
        let event = json!({
            "type": what, "x": x, "y": y, "button": "left", "buttons": u8::from(is_held), "clickCount": 1,
        });
        self.call("Input.dispatchMouseEvent", event);
    }

    /// Types a text where the focus is.
    pub fn type_text(&mut self, text: &str) {
        self.call("Input.insertText", json!({"text": text}));
    }

    /// Presses a key by its name, as `ArrowRight`.
    pub fn key(&mut self, key: &str) {
        for what in ["keyDown", "keyUp"] {
            let event = json!({"type": what, "key": key, "code": key});
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    /// What the window shows, as a PNG.
    pub fn screenshot(&mut self) -> Vec<u8> {
        let shot = self.call("Page.captureScreenshot", json!({"format": "png"}));
        decoded(shot["data"].as_str().unwrap_or_default())
    }

    /// Errors and warnings of the console, exceptions that nobody caught, and what the browser itself logged.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        let complains = |event: &&Value| match event["method"].as_str() {
            Some("Runtime.exceptionThrown" | "Log.entryAdded") => true,
            Some("Runtime.consoleAPICalled") => {
                let kind = event["params"]["type"].as_str();
                matches!(kind, Some("error" | "warning" | "assert"))
            }
            _ => false,
        };
        let complaints = self.events.iter().filter(complains);
        complaints
            .map(|event| event["params"].to_string())
            .collect()
    }

    /// The addresses of everything that was asked for.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        let asked = |event: &&Value| event["method"] == "Network.requestWillBeSent";
        let requests = self.events.iter().filter(asked);
        let address = |event: &Value| {
            event["params"]["request"]["url"]
                .as_str()
                .map(str::to_owned)
        };
        requests.filter_map(address).collect()
    }

    /// A page that complains or fetches anything is broken, whatever it shows.
    ///
    /// # Panics
    /// When it did.
    pub fn assert_quiet(&self, page: &Path) {
        assert_eq!(self.complaints(), [""; 0]);
        let own = format!("file://{}", page.display());
        let is_fetched =
            |address: &String| !address.starts_with(&own) && !address.starts_with("data:");
        let fetched: Vec<String> = self.requests().into_iter().filter(is_fetched).collect();
        assert_eq!(fetched, [""; 0], "nothing may be fetched");
    }

    fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.last_id += 1;
        let mut message = json!({"id": self.last_id, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let text = format!("{message}\0");
        let sent = self
            .to
            .write_all(text.as_bytes())
            .and_then(|()| self.to.flush());
        sent.unwrap_or_else(|error| panic!("the browser is gone at {method}: {error}"));
        loop {
            let mut answer = self.next();
            if answer["id"] == self.last_id {
                assert!(answer.get("error").is_none(), "{method}: {answer}");
                return answer["result"].take();
            }
            self.events.push(answer);
        }
    }

    fn wait_for_event(&mut self, method: &str) {
        while !self.events.iter().any(|event| event["method"] == method) {
            let event = self.next();
            self.events.push(event);
        }
    }

    fn next(&mut self) -> Value {
        let next = self.from.recv_timeout(HANGS_AFTER);
        next.unwrap_or_else(|error| panic!("the browser says nothing: {error}"))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // With all its processes; it may be gone already.
        let group = rustix::process::Pid::from_child(&self.child);
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        let _ = self.child.wait();
    }
}

/// Reads messages in the background.
fn messages(pipe: impl Read + Send + 'static) -> Receiver<Value> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for message in BufReader::new(pipe).split(0) {
            let Ok(message) = message else { return };
            let value = serde_json::from_slice(&message).expect("the browser speaks JSON");
            if sender.send(value).is_err() {
                return;
            }
        }
    });
    receiver
}

/// The bytes of base64, as the browser sends pictures.
fn decoded(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(text);
    bytes.expect("the browser sends base64")
}
