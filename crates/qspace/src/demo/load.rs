//! A constant load: clients that connect anew for every query, as after a dropped handle.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::q_client::{QClient, Target};

/// What the clients saw.
#[derive(Debug, Default, Clone)]
pub struct Seen {
    pub answers: u64,
    /// Queries sent on a fresh handle that got no answer, with what went wrong.
    pub lost: Vec<String>,
    /// The longest time from wanting an answer to having it.
    pub longest: Duration,
    /// The longest time during which no client got an answer.
    pub longest_gap: Duration,
    /// Every answer, each kind once.
    pub versions: Vec<i64>,
}

/// Clients at work.
#[derive(Debug)]
pub struct Load {
    stop: Arc<AtomicBool>,
    clients: Vec<JoinHandle<()>>,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug)]
struct Shared {
    seen: Seen,
    last_answer: Instant,
}

/// Between two queries of one client.
const PAUSE: Duration = Duration::from_millis(2);

impl Load {
    /// Starts clients that ask for a number over and over.
    pub fn start(target: &Target, query: &'static str, clients: usize) -> Load {
        let stop = Arc::new(AtomicBool::new(false));
        let shared = Arc::new(Mutex::new(Shared {
            seen: Seen::default(),
            last_answer: Instant::now(),
        }));
        let clients = (0..clients)
            .map(|_| {
                let (target, stop, shared) =
                    (target.clone(), Arc::clone(&stop), Arc::clone(&shared));
                std::thread::spawn(move || {
                    while !stop.load(Ordering::Relaxed) {
                        ask_once(&target, query, &shared);
                        std::thread::sleep(PAUSE);
                    }
                })
            })
            .collect();
        Load {
            stop,
            clients,
            shared,
        }
    }

    pub fn answers(&self) -> u64 {
        self.shared
            .lock()
            .expect("no panic while held")
            .seen
            .answers
    }

    /// Ends the clients and says what they saw.
    pub fn end(self) -> Seen {
        self.stop.store(true, Ordering::Relaxed);
        for client in self.clients {
            let _ = client.join(); // a client that panicked has reported nothing more
        }
        self.shared
            .lock()
            .expect("no panic while held")
            .seen
            .clone()
    }
}

fn ask_once(target: &Target, query: &str, shared: &Mutex<Shared>) {
    let start = Instant::now();
    let answer = QClient::connect(target).and_then(|mut client| client.ask_long(query));
    let end = Instant::now();
    let mut shared = shared.lock().expect("no panic while held");
    match answer {
        Ok(version) => {
            let gap = end.duration_since(shared.last_answer);
            shared.last_answer = end;
            let seen = &mut shared.seen;
            seen.answers += 1;
            seen.longest = seen.longest.max(end - start);
            seen.longest_gap = seen.longest_gap.max(gap);
            if !seen.versions.contains(&version) {
                seen.versions.push(version);
            }
        }
        Err(error) => shared.seen.lost.push(error.to_string()),
    }
}
