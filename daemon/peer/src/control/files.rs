//! Methods about files and pictures: they wait for the disk or the camera.

use super::later::Later;
use super::methods::Methods;
use crate::files::{FilesError, TreePath};
use crate::room::now_ms;
use crate::transfers::{Content, Files, Transfers};
use ::media::{Feed, SnapshotError};
use protocol::control::{
    Call, FilesGet, FilesList, FilesMove, FilesPath, FilesPut, FilesRemove, GetReady, RpcError, code, method,
    rpc,
};
use protocol::grant::Right;
use serde_json::{Value, json};

type Answer = Result<Value, RpcError>;

/// Begins to answer a call that is about files or pictures; gives back one that is not.
pub(super) fn answer(methods: &Methods, call: Call) -> Result<Later<Answer>, Call> {
    let answer: Later<Answer> = match call.method.as_str() {
        method::FILES_LIST
        | method::FILES_STAT
        | method::FILES_MKDIR
        | method::FILES_MOVE
        | method::FILES_REMOVE => {
            let files = methods.transfers.files().clone();
            Box::pin(async move { on_disk(&files, call).await })
        }
        method::FILES_PUT => {
            let (transfers, manages) = (methods.transfers.clone(), methods.rights.check(Right::Manage));
            Box::pin(async move {
                let put: FilesPut = rpc::params(call.params)?;
                if put.overwrite {
                    manages?;
                }
                rpc::result(&transfers.put(put).await?)
            })
        }
        method::FILES_GET => {
            let transfers = methods.transfers.clone();
            Box::pin(async move {
                let get: FilesGet = rpc::params(call.params)?;
                rpc::result(&transfers.get(get).await?)
            })
        }
        method::SNAPSHOT_TAKE => {
            let (transfers, picture) = (methods.transfers.clone(), methods.picture.clone());
            Box::pin(async move { rpc::result(&snapshot(&transfers, picture).await?) })
        }
        _ => return Err(call),
    };
    Ok(answer)
}

async fn snapshot(transfers: &Transfers, picture: Option<Feed>) -> Result<GetReady, RpcError> {
    let unavailable = |error: SnapshotError| rpc::error(code::UNAVAILABLE, &error.to_string());
    let picture = picture.ok_or(SnapshotError::NoPicture).map_err(unavailable)?;
    let jpeg = picture.snapshot().await.map_err(unavailable)?;
    transfers.give("", Content::memory(jpeg, now_ms()))
}

async fn on_disk(files: &Files, call: Call) -> Answer {
    match call.method.as_str() {
        method::FILES_LIST => {
            let FilesList { path, after } = rpc::params(call.params)?;
            let path = parse(&path)?;
            rpc::result(&files.with(move |tree| tree.list(&path, &after)).await?)
        }
        method::FILES_STAT => {
            let path = path(call.params)?;
            rpc::result(&files.with(move |tree| tree.stat(&path)).await?)
        }
        method::FILES_MKDIR => {
            let path = path(call.params)?;
            done(files.with(move |tree| tree.mkdir(&path)).await)
        }
        method::FILES_MOVE => {
            let FilesMove { from, to, overwrite } = rpc::params(call.params)?;
            let (from, to) = (parse(&from)?, parse(&to)?);
            done(files.with(move |tree| tree.rename(&from, &to, overwrite)).await)
        }
        _ => {
            let FilesRemove { path, recursive } = rpc::params(call.params)?;
            let path = parse(&path)?;
            done(files.with(move |tree| tree.remove(&path, recursive)).await)
        }
    }
}

fn path(params: Value) -> Result<TreePath, RpcError> {
    let FilesPath { path } = rpc::params(params)?;
    parse(&path)
}

fn parse(path: &str) -> Result<TreePath, RpcError> {
    Ok(TreePath::parse(path).map_err(FilesError::from)?)
}

fn done<T>(result: Result<T, FilesError>) -> Answer {
    result?;
    Ok(json!({}))
}
