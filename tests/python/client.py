"""Another viewer, written from docs/protocol.md: proves the word, lists files, sends one and runs a command.

    WATCHWORD_WORD=... client.py wss://HOST:PORT/ws FILE PATH COMMAND [NAME=VALUE ...]

Prints a JSON object a line, and ends with the command's exit code. No certificate is needed: the word is proof."""
import asyncio, itertools, json, os, pathlib, ssl, sys
from asyncio.subprocess import PIPE
from base64 import urlsafe_b64decode, urlsafe_b64encode
import blake3, websockets
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.sdp import candidate_from_sdp
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

def expect(text, kind):
    message = json.loads(text)
    return message if message["type"] == kind else sys.exit(message.get("message") or f"{message['type']}, not {kind}")

class Seal:
    """One direction of sealed messages."""
    def __init__(self, key, direction, *names):
        fields = [name.encode() for name in (*names, direction)]
        info = b"watchword/1 seal" + b"".join(len(field).to_bytes(8, "big") + field for field in fields)
        self.cipher = AESGCM(HKDF(SHA256(), 32, None, info).derive(key))
        self.nonces = (number.to_bytes(12, "big") for number in itertools.count())
    def seal(self, **message):
        sealed = self.cipher.encrypt(next(self.nonces), json.dumps(message).encode(), None)
        return urlsafe_b64encode(sealed).decode().rstrip("=")
    def open(self, text):
        return json.loads(self.cipher.decrypt(next(self.nonces), urlsafe_b64decode(text + "=="), None))

async def connect(socket, opaque, word, peer):
    """Knocks, proves the word, offers, and reads the device's answer and candidates until the socket is closed."""
    async def ask(**question):
        opaque.stdin.write(json.dumps(question).encode() + b"\n")
        return json.loads(await opaque.stdout.readline())
    handle, place = expect(await socket.recv(), "welcome")["handle"], word.split("-")[0]
    await socket.send(json.dumps({"type": "knock", "v": 1, "place": place, **await ask(password=word)}))
    reply = expect(await socket.recv(), "reply")
    proof = await ask(ke2=reply["ke2"]) or sys.exit("The word is wrong, or the device is another.")
    key, names = urlsafe_b64decode(proof["session_key"] + "=="), (place, handle, reply["device"], reply["session"])
    out, into = Seal(key, "viewer to device", *names), Seal(key, "device to viewer", *names)
    await peer.setLocalDescription(await peer.createOffer())  # with all its candidates
    offer = out.seal(kind="offer", sdp=peer.localDescription.sdp)
    await socket.send(json.dumps({"type": "prove", "session": reply["session"], "ke3": proof["ke3"], "sealed": offer}))
    async for text in socket:
        message = into.open(expect(text, "relay")["sealed"])
        if message["kind"] == "answer":
            await peer.setRemoteDescription(RTCSessionDescription(message["sdp"], "answer"))
        elif message["kind"] == "candidate":
            candidate = candidate_from_sdp(message["candidate"].removeprefix("candidate:"))
            candidate.sdpMid, candidate.sdpMLineIndex = message.get("sdpMid"), message.get("sdpMLineIndex")
            await peer.addIceCandidate(candidate)
        elif message["kind"] == "error":
            sys.exit(message["message"])

async def upload(channel, at, path):
    """Sends a file's bytes as far as the device's credit reaches, and then its hash."""
    heard, end = asyncio.Queue(), {"type": "end", "hash": blake3.blake3().update_mmap(path).hexdigest()}
    channel.on("open", lambda: heard.put_nowait({"type": "credit", "until": at}))  # all there is, for an empty file
    channel.on("message", lambda text: heard.put_nowait(json.loads(text)))
    channel.on("close", lambda: heard.put_nowait({"type": "failed", "message": "The channel was closed."}))
    with open(path, "rb") as file:
        file.seek(at)
        while (message := await heard.get())["type"] == "credit":
            while data := file.read(max(0, min(65536, message["until"] - file.tell()))):
                channel.send(data)
            if end and file.tell() == os.path.getsize(path):
                channel.send(json.dumps(end))
                end = None
    return message if message["type"] == "done" else sys.exit(message["message"])

async def main(url, file, path, command, *args):
    peer, heard, told = RTCPeerConnection(RTCConfiguration([])), asyncio.Queue(), []
    control = peer.createDataChannel("control")
    control.on("message", lambda text: heard.put_nowait(json.loads(text)))
    async def call(method, **params):
        control.send(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}))
        while "method" in (answer := await heard.get()):
            told.append(answer)
        return answer["result"] if "result" in answer else sys.exit(f"{method}: {answer['error']['message']}")
    helper, tls = pathlib.Path(__file__).with_name("opaque.mjs"), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    opaque = await asyncio.create_subprocess_exec("node", helper, stdin=PIPE, stdout=PIPE)
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    async with websockets.connect(url, ssl=tls, proxy=None) as socket:
        control.on("open", lambda: asyncio.ensure_future(socket.close()))  # connected: it is needed no more
        await connect(socket, opaque, os.environ["WATCHWORD_WORD"], peer)
    print(json.dumps(await call("files.list", path=path.rpartition("/")[0])))
    ready = await call("files.put", path=path, size=os.path.getsize(file))
    print(json.dumps(await upload(peer.createDataChannel("transfer/" + ready["transfer"]), ready["offset"], file)))
    await call("command.run", name=command, args=dict(arg.split("=", 1) for arg in args))
    while (note := told.pop(0) if told else await heard.get())["method"] != "command.exited":
        if note["method"] == "command.output":
            print(json.dumps(note["params"]))
    await peer.close()
    return note["params"].get("code", 1)

sys.exit(asyncio.run(main(*sys.argv[1:])))
