//! The certificate that the owner gives to the device's own server: can it be used?

use super::{account::Account, account::READ, finding::Finding, view::View};
use crate::{config::Server, folder::quoted};
use rendezvous::ServeError;
use std::{io::ErrorKind, path::PathBuf};

const NAME: &str = "page";

/// Looks at the files of `[server]`, which `account` is to read, that of a `service` or not; no line where there is
/// nothing wrong with them. `view` is that of the running device.
pub(super) fn look(server: &Server, (account, service): (&Account, bool), view: &View) -> Vec<Finding> {
    let Ok(Some(given)) = server.given_certificate() else { return Vec::new() };
    if server.plain {
        return Vec::new();
    }
    let files = [
        File { what: "certificate", path: given.certificate.clone(), service },
        File { what: "key", path: given.key.clone(), service },
    ];
    let findings: Vec<Finding> = files.iter().filter_map(|file| file.judge(account, view)).collect();
    if !findings.is_empty() {
        return findings;
    }
    let usable = rendezvous::certificate_fits(&given.certificate, &given.key);
    usable.err().map(|error| unusable(&error)).into_iter().collect()
}

/// One of the two.
struct File {
    /// Its key in `[server]`.
    what: &'static str,
    path: PathBuf,
    service: bool,
}

impl File {
    fn judge(&self, account: &Account, view: &View) -> Option<Finding> {
        let shown = format!("The {} of the configuration ({})", self.what, self.path.display());
        let correct = format!("Correct `{}` in [server], or make the file.", self.what);
        let metadata = match self.path.metadata() {
            Err(error) if error.kind() == ErrorKind::PermissionDenied && !account.own => {
                let message = format!("{shown} is not for this user to see.");
                return Some(Finding::skipped(NAME, message).better_as_root());
            }
            Err(error) if error.kind() == ErrorKind::PermissionDenied => return Some(self.refused(account)),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let message = format!("{shown} is not there, so the device does not start.");
                return Some(Finding::failed(NAME, message, correct));
            }
            Err(error) => {
                return Some(Finding::failed(
                    NAME,
                    format!("{shown} cannot be looked at: {error}."),
                    correct,
                ));
            }
            Ok(metadata) => metadata,
        };
        if !metadata.is_file() {
            return Some(Finding::failed(NAME, format!("{shown} is no file."), correct));
        }
        if view.hides(&self.path) {
            let message =
                format!("{shown} is there, but the service's sandbox hides it from the running device.");
            return Some(Finding::failed(NAME, message, HAND_OVER));
        }
        let refused = !account.may_use(&self.path, READ) || account.barrier(&self.path).is_some();
        if refused {
            return Some(self.refused(account));
        }
        // What may not be read by whoever asks is judged no further.
        let unseen = !Account::current().may_use(&self.path, READ);
        unseen.then(|| {
            let message = format!("{shown} is not for this user to read.");
            Finding::skipped(NAME, message).better_as_root()
        })
    }

    fn refused(&self, account: &Account) -> Finding {
        let message = format!(
            "The {} of the configuration ({}) may not be read by {}, so the device does not start.",
            self.what,
            self.path.display(),
            account.shown()
        );
        let instead = if self.service { HAND_OVER } else { "Give it a copy that it may read." };
        let advice = match account.barrier(&self.path) {
            Some(folder) => format!("That user may not pass through {}. {instead}", quoted(&folder)),
            None => format!("See who may: ls -l {}. {instead}", quoted(&self.path)),
        };
        Finding::failed(NAME, message, advice)
    }
}

/// What works whoever owns the files, and wherever they are.
const HAND_OVER: &str = "The service is handed both where root puts copies into /etc/credstore, as \
                         watchword.server.certificate and watchword.server.key, and [server] names none.";

fn unusable(error: &ServeError) -> Finding {
    Finding::failed(
        NAME,
        format!("The device does not start: {error}."),
        "Give both as PEM files: the chain with the server's own certificate first, and the key that belongs to it.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::finding::State;
    use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

    fn server(folder: &Path) -> Server {
        Server { certificate: folder.join("c.pem"), key: folder.join("k.pem"), ..Server::default() }
    }

    #[test]
    fn without_files_of_the_owners_there_is_nothing_to_say() {
        assert!(look(&Server::default(), (&Account::current(), false), &View::default()).is_empty());
    }

    #[test]
    fn files_that_are_missing_or_no_certificate_fail() {
        let scratch = tempfile::tempdir().unwrap();
        let judged = || look(&server(scratch.path()), (&Account::current(), false), &View::default());
        let findings = judged();
        assert_eq!(findings.iter().map(|finding| finding.state).collect::<Vec<_>>(), [State::Failed; 2]);
        assert!(findings[1].message.contains("The key") && findings[1].message.contains("is not there"));
        fs::write(scratch.path().join("c.pem"), "no PEM").unwrap();
        fs::write(scratch.path().join("k.pem"), "no PEM").unwrap();
        let findings = judged();
        assert_eq!((findings.len(), findings[0].state), (1, State::Failed));
        assert!(findings[0].message.contains("c.pem"), "{findings:?}");
    }

    #[test]
    fn a_key_behind_somebody_elses_folder_is_told_with_the_folder() {
        let scratch = tempfile::tempdir().unwrap();
        fs::set_permissions(scratch.path(), fs::Permissions::from_mode(0o700)).unwrap();
        for name in ["c.pem", "k.pem"] {
            fs::write(scratch.path().join(name), "").unwrap();
            fs::set_permissions(scratch.path().join(name), fs::Permissions::from_mode(0o644)).unwrap();
        }
        let stranger =
            Account { name: "watchword".into(), uid: 4_000_000, gids: vec![4_000_000], own: false };
        let findings = look(&server(scratch.path()), (&stranger, true), &View::default());
        assert_eq!((findings.len(), findings[0].state), (2, State::Failed));
        let folder = format!("pass through {}", scratch.path().canonicalize().unwrap().display());
        let advice = findings[0].advice.as_ref().unwrap();
        assert!(advice.contains(&folder) && advice.contains("/etc/credstore"), "{advice}");
    }
}
