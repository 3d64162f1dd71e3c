//! What every look needs to know: who asks, what runs, and as whom.

use super::{
    account::Account,
    encoder::Rest,
    holders::Holders,
    place::Place,
    unit::{NoUnit, UNIT, Unit},
    view::View,
    words::Known,
};
use crate::{
    device::Listed,
    folder::quoted,
    owner::{self, Question, Reply},
    state::{StateDirectory, Words, now},
};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::time::timeout;

/// How long the running daemon may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// The facts, as this user sees them.
pub(super) struct Scene {
    /// Seconds since the epoch.
    pub(super) now: u64,
    pub(super) unit: Result<Unit, NoUnit>,
    /// Who runs the device, or would.
    pub(super) account: Account,
    pub(super) root: bool,
    pub(super) place: Place,
    pub(super) daemon: Daemon,
    pub(super) words: Known,
    pub(super) holders: Holders,
    /// The file system as the running device sees it.
    pub(super) view: View,
    /// The configuration that the command line names.
    named: Option<PathBuf>,
}

/// The running device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Daemon {
    /// Its process, where one runs.
    pub(super) pid: Option<i32>,
    /// It takes no questions, though it runs.
    pub(super) hangs: bool,
    /// Sessions now, as far as they are known.
    pub(super) viewers: usize,
}

impl Scene {
    /// Looks around; `named`: the configuration that the command line names. Each question has its own bound in time.
    pub(super) async fn look(named: Option<&Path>) -> Self {
        let looking = tokio::task::spawn_blocking(Holders::look);
        let unit = Unit::ask(UNIT).await;
        let place = Place::find();
        let (mut daemon, listed) = match place.folder() {
            Some(folder) => question(folder).await,
            None => (Daemon::default(), None),
        };
        if daemon.pid.is_none() {
            daemon.pid = unit.as_ref().ok().and_then(|unit| unit.main_pid);
        }
        let account = account(daemon.pid, unit.as_ref().ok().filter(|unit| unit.is_installed()));
        let current = Account::current();
        let words = match listed {
            Some(words) => Known::Words(words),
            None => on_disk(&place),
        };
        let holders = timeout(PATIENCE, looking).await.ok().and_then(Result::ok).unwrap_or_default();
        let view = View::of(daemon.pid);
        let (root, named) = (current.uid == 0, named.map(Path::to_owned));
        Self { now: now(), unit, account, root, place, daemon, words, holders, view, named }
    }

    /// A command that is about the same configuration.
    pub(super) fn with_config(&self, command: &str) -> String {
        let named = self.named.as_deref();
        named.map_or_else(|| command.to_owned(), |named| format!("{command} --config {}", quoted(named)))
    }

    /// What the owner types for a command about the state.
    pub(super) fn typed(&self, command: &str) -> String {
        let command = self.with_config(command);
        match self.place.path() {
            Some(path) => StateDirectory::existing(path.clone()).typed(&command),
            None => command,
        }
    }

    /// Whether it is the service that runs the device, or would.
    pub(super) fn is_service(&self) -> bool {
        let installed = self.unit.as_ref().ok().filter(|unit| unit.is_installed());
        installed.is_some_and(|unit| self.daemon.pid.is_none() || unit.main_pid == self.daemon.pid)
    }

    /// Whether the encoder may be measured now.
    pub(super) fn rest(&self) -> Rest {
        match self.daemon.pid {
            _ if self.holders.hidden_watchword => Rest::Unseen,
            // Not judged by the camera: GStreamer 1.22 leaves an idle handle of it behind, once it was watched.
            Some(_) if self.daemon.viewers > 0 => Rest::Watched,
            _ => Rest::None,
        }
    }

    /// Whether the device runs; `None` where one of another user does, which may be it.
    pub(super) fn runs(&self) -> Option<bool> {
        let runs = self.daemon.pid.is_some() || self.unit.as_ref().is_ok_and(Unit::is_active);
        (runs || !self.holders.hidden_watchword).then_some(runs)
    }
}

/// Who runs the device: the process that does, else the service's user, else whoever asks.
fn account(pid: Option<i32>, unit: Option<&Unit>) -> Account {
    let own = Account::current();
    let process = pid.and_then(Account::of_process);
    let user = || {
        unit.filter(|unit| !unit.user.is_empty()).and_then(|unit| Account::of_user(&unit.user, &unit.groups))
    };
    // Its groups may differ from those of this shell, even where the user is the same.
    process.or_else(user).unwrap_or(own)
}

/// Asks the daemon of this state folder.
async fn question(folder: &Path) -> (Daemon, Option<Vec<Listed>>) {
    let state = StateDirectory::existing(folder.to_owned());
    let Ok(Some(pid)) = timeout(PATIENCE, owner::pid(&state)).await else { return (Daemon::default(), None) };
    let ask = async |question| timeout(PATIENCE, owner::ask(&state, &question)).await.ok()?.ok()?;
    let words = match ask(Question::List).await {
        Some(Reply::Words { words }) => words,
        _ => return (Daemon { pid: Some(pid), hangs: true, viewers: 0 }, None),
    };
    let viewers = words.iter().filter_map(|word| word.viewers).sum();
    (Daemon { pid: Some(pid), hangs: false, viewers }, Some(words))
}

/// The words as they are kept.
fn on_disk(place: &Place) -> Known {
    match place {
        Place::Folder(path) => match Words::load(&StateDirectory::existing(path.clone())) {
            Ok(words) => Known::Words(words.iter().map(|entry| Listed::new(entry, None)).collect()),
            Err(error) => Known::Damaged(format!("{error:#}")),
        },
        Place::Absent(_) => Known::Nothing,
        Place::Forbidden(_) | Place::Unknown(_) => Known::Forbidden,
    }
}
