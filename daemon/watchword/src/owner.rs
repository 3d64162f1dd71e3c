//! The owner's way to a running daemon: a Unix socket that only the same user (and root) can open.
//!
//! One JSON object a line each way; one question a connection.

use crate::{
    device::{Added, Listed, Orders, Rotation, Visit, WordWish},
    screen::Pages,
    state::StateDirectory,
};
use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};
use std::{
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{UnixListener, UnixStream},
    task::JoinSet,
    time,
};
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

/// Longest question, bytes.
const QUESTION: u64 = 4096;
/// A question must come, and its answer be taken, within this time.
const PATIENCE: Duration = Duration::from_secs(20);
/// Questions at once; more wait in the socket's backlog.
const AT_ONCE: usize = 8;

/// What the owner asks.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case")]
pub(crate) enum Question {
    /// Make a word.
    Add(WordWish),
    /// Tell all words.
    List,
    /// Put a new word in the place of an old one.
    Rotate(Rotation),
    /// Remove a word.
    Remove {
        /// Its label.
        label: String,
    },
    /// Tell all sessions.
    Sessions,
    /// End a session.
    End {
        /// How its name begins.
        session: String,
    },
}

/// What the daemon answers.
#[derive(Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub(crate) enum Reply {
    /// A word was made.
    Added {
        /// Its label.
        label: String,
        /// The word.
        phrase: Zeroizing<String>,
        /// Whether the rendezvous confirmed its place.
        registered: bool,
        /// Where its viewers go.
        pages: Vec<String>,
    },
    /// All words.
    Words {
        /// In the order they were made.
        words: Vec<Listed>,
    },
    /// All sessions.
    Sessions {
        /// The oldest first.
        sessions: Vec<Visit>,
    },
    /// A word is no more.
    Removed {
        /// Sessions that ended with it.
        viewers: usize,
    },
    /// A session is told to end.
    Ended {
        /// Which.
        visit: Visit,
    },
    /// Not done.
    Failed {
        /// A sentence.
        message: String,
    },
}

/// The socket's file.
fn socket_path(state: &StateDirectory) -> PathBuf {
    state.path("control.sock")
}

/// The listening end, held by the daemon.
pub(crate) struct Door {
    listener: UnixListener,
    path: PathBuf,
}

impl Door {
    /// Opens the socket. The caller holds the state's lock, so that a file left there is nobody's.
    pub(crate) fn open(state: &StateDirectory) -> Result<Self> {
        let path = socket_path(state);
        let _ = std::fs::remove_file(&path);
        let open = || -> std::io::Result<UnixListener> {
            let listener = UnixListener::bind(&path)?;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
            Ok(listener)
        };
        let listener = open().with_context(|| format!("cannot open {}", path.display()))?;
        Ok(Self { listener, path })
    }

    /// Answers until told to stop.
    pub(crate) async fn serve(self, orders: Orders, pages: Pages, stop: CancellationToken) -> Result<()> {
        let mut answers = JoinSet::new();
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                Some(_) = answers.join_next() => {}
                came = self.listener.accept(), if answers.len() < AT_ONCE => match came {
                    Ok((stream, _)) => {
                        let (orders, pages) = (orders.clone(), pages.clone());
                        answers.spawn(async move {
                            let answered = time::timeout(PATIENCE, answer(stream, orders, pages)).await;
                            if let Ok(Err(error)) = answered {
                                log::debug!("an owner's question: {error:#}");
                            }
                        });
                    }
                    Err(error) => {
                        log::warn!("the owner's socket: {error}");
                        time::sleep(Duration::from_millis(100)).await;
                    }
                },
            }
        }
        Ok(())
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

async fn answer(mut stream: UnixStream, orders: Orders, pages: Pages) -> Result<()> {
    let mut line = String::new();
    BufReader::new((&mut stream).take(QUESTION)).read_line(&mut line).await?;
    let reply = match serde_json::from_str(&line) {
        Ok(question) => {
            obey(question, &orders, pages).await.unwrap_or_else(|message| Reply::Failed { message })
        }
        Err(error) => Reply::Failed { message: format!("not a question: {error}") },
    };
    let mut text = Zeroizing::new(serde_json::to_string(&reply)?);
    text.push('\n');
    stream.write_all(text.as_bytes()).await?;
    Ok(stream.shutdown().await?)
}

async fn obey(question: Question, orders: &Orders, pages: Pages) -> Result<Reply, String> {
    Ok(match question {
        Question::Add(wish) => added(orders.add(wish).await?, pages),
        Question::Rotate(rotation) => added(orders.rotate(rotation).await?, pages),
        Question::List => Reply::Words { words: orders.list().await? },
        Question::Remove { label } => Reply::Removed { viewers: orders.remove(label).await? },
        Question::Sessions => Reply::Sessions { sessions: orders.visits().await? },
        Question::End { session } => Reply::Ended { visit: orders.end(session).await? },
    })
}

fn added(added: Added, pages: Pages) -> Reply {
    Reply::Added {
        label: added.label,
        phrase: Zeroizing::new(added.word.phrase().to_owned()),
        registered: added.registered,
        pages: pages.addresses,
    }
}

/// Asks the running daemon; `None` where none runs.
pub(crate) async fn ask(state: &StateDirectory, question: &Question) -> Result<Option<Reply>> {
    let path = socket_path(state);
    let Some(stream) = connect(&path).await? else { return Ok(None) };
    match time::timeout(PATIENCE, exchange(stream, question)).await {
        Ok(reply) => reply.map(Some),
        Err(_) => bail!("the running daemon does not answer at {}", path.display()),
    }
}

/// The process id of the running daemon; `None` where none runs, or none that this user may reach.
pub(crate) async fn pid(state: &StateDirectory) -> Option<i32> {
    connect(&socket_path(state)).await.ok()??.peer_cred().ok()?.pid()
}

async fn connect(path: &Path) -> Result<Option<UnixStream>> {
    use std::io::ErrorKind::{ConnectionRefused, NotFound};
    match UnixStream::connect(path).await {
        Ok(stream) => Ok(Some(stream)),
        Err(error) if matches!(error.kind(), NotFound | ConnectionRefused) => Ok(None),
        Err(error) => {
            Err(error).with_context(|| format!("cannot reach the running daemon at {}", path.display()))
        }
    }
}

async fn exchange(mut stream: UnixStream, question: &Question) -> Result<Reply> {
    let mut text = serde_json::to_string(question)?;
    text.push('\n');
    stream.write_all(text.as_bytes()).await?;
    let mut reply = Zeroizing::new(String::new());
    stream.read_to_string(&mut reply).await?;
    serde_json::from_str(&reply)
        .context("the running daemon's answer cannot be read: is it of another version?")
}
