//! `watchword run`: the device.

mod feeds;
mod folders;

pub(super) use feeds::video_settings;

use crate::{
    audit::Audit,
    config::Config,
    device::{About, Added, Beginning, Device, Offerings, Orders, WordWish},
    link::{self, LinkEvent, Remote, Trust},
    owner,
    screen::{self, Pages},
    serving,
    state::{Keys, StateDirectory, Words},
    stopping::{self, Signals},
    systemd,
};
use anyhow::{Context as _, Result, anyhow, bail};
use feeds::Feeds;
use peer::{Files, Network, Room, commands::Commands};
use rendezvous::Sockets;
use std::{
    io::{IsTerminal as _, Write as _},
    sync::Arc,
    thread,
};
use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Runs the device. Without a secret word yet, and on a terminal, it makes one that ends with the process.
#[derive(Debug, clap::Args)]
pub(super) struct Run {
    /// Makes a secret word that ends with this process, and shows it
    #[arg(long)]
    new_word: bool,
}

impl Run {
    pub(super) async fn apply(self, config: Config, open: Sockets) -> Result<()> {
        let state = StateDirectory::open()?;
        let Some(_lock) = state.try_lock()? else {
            bail!(
                "another watchword runs with the state folder {}: stop it first, or set STATE_DIRECTORY to another folder",
                state.path("").display()
            );
        };
        let mut parts = Parts::default();
        let stop = parts.stop.clone();
        match self.start(&config, open, &state, &mut parts).await {
            Ok((signals, auditing)) => {
                let done = stopping::until_told(signals, parts.essential, stop).await;
                parts.tasks.close();
                parts.tasks.wait().await;
                // The last line is written when nobody is left who could tell another.
                let _ = tokio::task::spawn_blocking(|| auditing.join()).await;
                done
            }
            Err(error) => {
                stopping::at_once(parts.essential, &stop).await;
                Err(error)
            }
        }
    }

    /// Starts everything, up to the screen. What has started when something fails is in `parts`.
    async fn start(
        self,
        config: &Config,
        open: Sockets,
        state: &StateDirectory,
        parts: &mut Parts,
    ) -> Result<(Signals, thread::JoinHandle<()>)> {
        let door = owner::Door::open(state)?; // the owner's questions wait there until the device answers
        let (keys, words) = (Arc::new(Keys::load_or_make(state)?), Words::load(state)?);
        let has_words = !words.is_empty();
        let shows_word = self.new_word || (!has_words && std::io::stdout().is_terminal());
        let name = device_name(config);
        let feeds = Feeds::new(config);
        let stop = parts.stop.clone();

        let tree = folders::open(&config.files, state)?; // before anybody is served: the owner may have to make one
        let (link, pages, stun) = join_rendezvous(config, open, parts).await?;
        let (audit, auditing) = Audit::open(state)?;
        parts.tasks.spawn(folders::keep(tree.clone(), stop.clone()));
        let beginning = Beginning {
            audit,
            offerings: offerings(config, &feeds, Files::new(tree), stun)?,
            about: About::new(name.clone(), feeds.video.clone()),
            per_word: config.sessions.per_word,
            per_device: config.sessions.per_device,
            token: (!config.rendezvous.token.is_empty()).then(|| config.rendezvous.token.clone()),
            state: state.clone(),
            keys,
            words,
        };
        let commands = beginning.offerings.commands.clone();
        let (device, orders) = Device::new(beginning, stop.clone());
        let picture = feeds.picture(config);
        parts.essential.spawn(serve(device, link, feeds, commands));
        parts.essential.spawn(door.serve(orders.clone(), pages.clone(), stop.clone()));
        let signals = Signals::listen()?;
        systemd::ready();

        let add = state.typed("watchword word add");
        let introducing = async move {
            let added = if shows_word { Some(new_word(orders).await?) } else { None };
            let words = match &added {
                Some(added) => screen::Words::New(added),
                None if has_words => screen::Words::Kept,
                None => screen::Words::None,
            };
            show(&screen::introduction(&name, &pages, &words, &picture, &add))
        };
        parts.essential.spawn(async move {
            introducing.await?;
            stop.cancelled().await;
            Ok(())
        });
        Ok((signals, auditing))
    }
}

/// What runs, and how it is told to end.
#[derive(Default)]
struct Parts {
    /// None of them ends by itself.
    essential: JoinSet<Result<()>>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// The device until its end, then its commands and pipelines.
async fn serve(
    device: Device,
    link: mpsc::Receiver<LinkEvent>,
    feeds: Feeds,
    commands: Commands,
) -> Result<()> {
    let done = device.run(link).await;
    tokio::join!(feeds.close(), commands.close());
    done
}

/// The embedded server and the link to it, or the link to a server elsewhere; where the page is; STUN servers.
async fn join_rendezvous(
    config: &Config,
    open: Sockets,
    Parts { essential, tasks, stop }: &mut Parts,
) -> Result<(mpsc::Receiver<LinkEvent>, Pages, Vec<String>)> {
    let rendezvous = &config.rendezvous;
    if rendezvous.url.is_empty() {
        let server = serving::bind(&config.server, &serving::server_directory()?, open)?;
        let scheme = if config.server.plain { "http" } else { "https" };
        let pages = Pages::of_this_host(scheme, server.local_addr(), server.fingerprint());
        let link = link::embedded(server.local_socket(), tasks);
        let serving = server.run(stop.clone());
        essential.spawn(async move { Ok(serving.await?) });
        return Ok((link, pages, Vec::new()));
    }
    let fingerprint = rendezvous.certificate().map_err(|message| anyhow!(message))?;
    let trust = fingerprint.map_or_else(Trust::authorities, Trust::certificate);
    let remote = Remote::new(&rendezvous.url, trust).context("[rendezvous] url")?;
    let shown = (!rendezvous.fingerprint.is_empty()).then(|| rendezvous.fingerprint.clone());
    let pages = Pages::of_remote(&rendezvous.url, shown);
    let stun = vec![format!("stun:{}:{}", remote.host(), rendezvous::STUN_PORT)];
    Ok((link::remote(remote, stop.clone(), tasks), pages, stun))
}

fn offerings(config: &Config, feeds: &Feeds, files: Files, mut stun: Vec<String>) -> Result<Offerings> {
    stun.extend(config.network.stun.iter().cloned());
    let network = Network {
        addresses: config.network.addresses.clone(),
        ports: config.network.port_range().map_err(|message| anyhow!(message))?,
        stun,
    };
    let (video, audio) = (feeds.video.clone(), feeds.audio.clone());
    Ok(Offerings { video, audio, room: Room::new(), commands: config.commands()?, files, network })
}

fn device_name(config: &Config) -> String {
    if config.device.name.is_empty() {
        gethostname::gethostname().to_string_lossy().into_owned()
    } else {
        config.device.name.clone()
    }
}

/// Makes the word that ends with the process.
async fn new_word(orders: Orders) -> Result<Added> {
    let wish = WordWish { label: "this run".into(), ephemeral: true, ..WordWish::default() };
    orders.add(wish).await.map_err(|message| anyhow!(message))
}

/// The screen, which has the word, goes to standard output, never to the log.
fn show(screen: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{screen}")?;
    Ok(out.flush()?)
}
