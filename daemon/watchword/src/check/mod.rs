//! `watchword check`: looks at everything that a device needs, and says what to do where something is wrong.
//!
//! It changes nothing: it makes no file, opens no camera that somebody uses, and shows no secret. One subject a file;
//! in each, facts are gathered apart from the judgement of them, which tests call with facts of their own.

mod access;
mod account;
mod cameras;
mod certificate;
mod clock;
mod commands;
mod configuration;
mod disk;
mod encoder;
mod finding;
mod holders;
mod journal;
mod microphone;
mod network;
mod page;
mod permissions;
mod place;
mod rendezvous;
mod report;
mod scene;
mod stun;
mod tool;
mod unit;
mod view;
mod words;

pub(crate) use holders::Holders;
pub(crate) use report::Report;

use crate::config::{self, Config, ConfigError};
use finding::{AS_ROOT, Finding};
use media::VideoSettings;
use scene::Scene;
use std::{path::Path, sync::Arc, time::Duration};
use tokio::{task::spawn_blocking, time::timeout};

/// How long one look may take. Each has shorter bounds of its own; this one is for disks and drivers that hang.
const PATIENCE: Duration = Duration::from_secs(15);

/// What systemd hands to the running service in the place of `[rendezvous] token`.
const TOKEN_CREDENTIAL: &str = "/run/credentials/watchword.service/watchword.rendezvous.token";

/// Looks at everything. `config` is what came of reading the file `named` on the command line, or else the system's;
/// `video` are the picture's settings of it.
pub(crate) async fn examine(
    config: Result<Config, ConfigError>,
    named: Option<&Path>,
    video: impl FnOnce(&Config) -> Option<VideoSettings>,
) -> Report {
    let misconfigured = config.as_ref().is_err_and(|error| !configuration::forbidden(error));
    let mut findings = vec![configuration::judge(&config, config::source(named))];
    let scene = Arc::new(Scene::look(named).await);
    findings.push(unit::judge(&scene.unit, scene.now, scene.daemon.pid));
    if let Some(pid) = scene.daemon.pid.filter(|_| scene.daemon.hangs) {
        let message = format!("The running device (pid {pid}) does not answer its owner's questions.");
        findings.push(Finding::failed("service", message, "Restart it: sudo systemctl restart watchword"));
    }
    let config = config.ok().map(Arc::new);
    let video = config.as_ref().map(|config| video(config));
    findings.extend(together(&scene, config.as_ref(), video.clone()).await);
    // Alone: what runs beside it would slow it down.
    let rest = scene.rest();
    let encoder = findings
        .iter()
        .rposition(|finding| finding.name == "cameras")
        .map_or(findings.len(), |last| last + 1);
    let tried = match video {
        Some(video) => blocking("encoder", move || vec![encoder::look(video.as_ref(), rest)]).await,
        None => unknown("encoder"),
    };
    findings.splice(encoder..encoder, tried);
    // What is asked once more is asked of the same configuration.
    let again = scene.with_config(AS_ROOT);
    for advice in findings.iter_mut().filter_map(|finding| finding.advice.as_mut()) {
        *advice = advice.replace(AS_ROOT, &again);
    }
    Report::new(findings, misconfigured)
}

/// What does not disturb each other, in the order of the report.
async fn together(
    scene: &Arc<Scene>,
    config: Option<&Arc<Config>>,
    video: Option<Option<VideoSettings>>,
) -> Vec<Finding> {
    let with_scene = |name, look: fn(&Scene) -> Vec<Finding>| {
        let scene = Arc::clone(scene);
        blocking(name, move || look(&scene))
    };
    let with_config = async |name, look: fn(&Scene, &Config) -> Vec<Finding>| {
        let Some(config) = config.cloned() else { return unknown(name) };
        let scene = Arc::clone(scene);
        blocking(name, move || look(&scene, &config)).await
    };
    let cameras = async {
        let Some(video) = video else { return unknown("cameras") };
        let scene = Arc::clone(scene);
        let look = move || cameras::look(video.as_ref(), &scene.holders, scene.daemon.pid);
        blocking("cameras", look).await
    };
    let looks = tokio::join!(
        within("journal", look_at_journal(scene)),
        with_scene("permissions", |scene| {
            let sandbox = scene.unit.as_ref().ok().filter(|_| scene.is_service()).map(|unit| &unit.sandbox);
            permissions::look(&scene.account, sandbox)
        }),
        with_scene("state", |scene| place::look(&scene.place, &scene.account, scene.is_service())),
        async { look_at_words(scene, config) },
        with_config("commands", |scene, config| commands::look(config, &scene.account)),
        cameras,
        with_config("microphone", |scene, config| {
            vec![microphone::look(&config.audio, &scene.account, &scene.holders, scene.daemon.pid)]
        }),
        within("clock", look_at_clock(scene, config)),
        with_config("disk", |scene, config| disk::look(&config.files, scene)),
        async { config.map_or_else(Vec::new, |config| network::look(&config.network.addresses)) },
        within("rendezvous", look_at_rendezvous(scene, config)),
        within("page", look_at_page(scene, config)),
    );
    <[Vec<Finding>; 12]>::from(looks).concat()
}

fn look_at_words(scene: &Scene, config: Option<&Arc<Config>>) -> Vec<Finding> {
    let has_token =
        config.map(|config| !config.rendezvous.token.is_empty() || Path::new(TOKEN_CREDENTIAL).exists());
    let typed = |command: &str| scene.typed(command);
    words::judge(&scene.words, &words::Circumstances { now: scene.now, typed: &typed, has_token })
}

async fn look_at_journal(scene: &Scene) -> Vec<Finding> {
    if !scene.unit.as_ref().is_ok_and(unit::Unit::is_installed) {
        return vec![Finding::skipped("journal", "Without a service there is no journal of it.")];
    }
    journal::judge(&journal::read().await, scene.now, scene.root)
}

async fn look_at_clock(scene: &Scene, config: Option<&Arc<Config>>) -> Vec<Finding> {
    let ending = match &scene.words {
        words::Known::Words(words) => words.iter().filter(|word| word.terms.expires.is_some()).count(),
        _ => 0,
    };
    let signed = config
        .is_some_and(|config| !config.rendezvous.url.is_empty() && config.rendezvous.fingerprint.is_empty());
    vec![clock::judge(clock::look().await, scene.now, ending, signed)]
}

async fn look_at_rendezvous(scene: &Scene, config: Option<&Arc<Config>>) -> Vec<Finding> {
    match config {
        None => unknown("rendezvous"),
        Some(config) if config.rendezvous.url.is_empty() => {
            rendezvous::own(&config.server, &scene.holders, scene.runs(), scene.daemon.pid)
        }
        Some(config) => rendezvous::elsewhere(config).await,
    }
}

async fn look_at_page(scene: &Scene, config: Option<&Arc<Config>>) -> Vec<Finding> {
    match config {
        None => unknown("page"),
        Some(config) if config.rendezvous.url.is_empty() => {
            let who = (&scene.account, scene.is_service());
            let mut findings = certificate::look(&config.server, who, &scene.view);
            findings.push(page::look(&config.server, &scene.place, scene.runs()).await);
            findings
        }
        Some(_) => vec![Finding::skipped("page", "The server elsewhere serves the page.")],
    }
}

fn unknown(name: &'static str) -> Vec<Finding> {
    vec![Finding::skipped(name, "It depends on the configuration, which cannot be used.")]
}

async fn blocking(name: &'static str, look: impl FnOnce() -> Vec<Finding> + Send + 'static) -> Vec<Finding> {
    within(name, async {
        spawn_blocking(look).await.unwrap_or_else(|error| {
            vec![Finding::failed(name, format!("The look at it failed: {error}."), "Please report this.")]
        })
    })
    .await
}

async fn within(name: &'static str, look: impl Future<Output = Vec<Finding>>) -> Vec<Finding> {
    timeout(PATIENCE, look).await.unwrap_or_else(|_| {
        let message =
            format!("The look at it did not end in {} s: a disk or a driver hangs.", PATIENCE.as_secs());
        vec![Finding::failed(name, message, "See sudo dmesg, and restart the board.")]
    })
}
