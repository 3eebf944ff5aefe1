"""Courier's imapd behind a login of our own.

    courier.py PORT TLS_PORT DIRECTORY

Courier's own login insists on a socket below /run and on settings below /etc, which are not ours to write. So this
program greets, takes LOGIN and AUTHENTICATE PLAIN against DIRECTORY/users (lines `user:password`), and hands the
connection to imapd over DIRECTORY/mail/USER. COURIER_IMAPD and COURIER_LIB say where imapd is.
"""

import base64
import os
import pwd
import re
import socket
import socketserver
import ssl
import subprocess
import sys
import threading

CAPABILITY = "IMAP4rev1 UIDPLUS CHILDREN NAMESPACE IDLE"
DIRECTORY = sys.argv[3]
CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
CONTEXT.load_cert_chain(f"{DIRECTORY}/cert.pem", f"{DIRECTORY}/key.pem")


class Login(socketserver.StreamRequestHandler):
    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")

    def handle(self):
        self.say(f"* OK [CAPABILITY {CAPABILITY} AUTH=PLAIN] Courier-IMAP ready.")
        while line := self.rfile.readline(10_000):
            tag, _, command = line.decode().rstrip("\r\n").partition(" ")
            verb, _, rest = command.partition(" ")
            user = None
            match verb.upper():
                case "CAPABILITY":
                    self.say(f"* CAPABILITY {CAPABILITY} AUTH=PLAIN")
                    self.say(f"{tag} OK done")
                    continue
                case "NOOP":
                    self.say(f"{tag} OK done")
                    continue
                case "LOGOUT":
                    self.say("* BYE")
                    self.say(f"{tag} OK done")
                    return
                case "LOGIN":
                    user = known(*[self.text(part) for part in re.findall(r'"(?:[^"\\]|\\.)*"|[^ ]+', rest)])
                case "AUTHENTICATE":
                    self.say("+ ")
                    _, name, password = base64.b64decode(self.rfile.readline(10_000)).decode().split("\0")
                    user = known(name, password)
            if user is None:
                self.say(f"{tag} NO Login failed.")
            else:
                self.serve(tag, user)
                return

    @staticmethod
    def text(part):
        return re.sub(r"\\(.)", r"\1", part[1:-1]) if part.startswith('"') else part

    def serve(self, tag, user):
        imapd = subprocess.Popen(
            [os.environ["COURIER_IMAPD"], "Maildir"],
            cwd=f"{DIRECTORY}/mail/{user}",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={
                "LD_LIBRARY_PATH": os.environ["COURIER_LIB"],
                "AUTHENTICATED": user,
                "GAM_CLIENT_ID": DIRECTORY.rpartition("/")[2],
                "IMAP_CAPABILITY": CAPABILITY,
                "IMAP_KEYWORDS": "1",
                "PATH": os.environ["PATH"],
                "TCPREMOTEIP": "127.0.0.1",
            },
        )
        while not imapd.stdout.readline().startswith(b"* PREAUTH"):
            pass
        self.say(f"{tag} OK LOGIN Ok.")
        threading.Thread(target=self.up, args=[imapd], daemon=True).start()
        try:
            while part := imapd.stdout.read1():
                self.wfile.write(part)
        except OSError:
            pass
        imapd.kill()
        imapd.wait()

    def up(self, imapd):
        try:
            while part := self.rfile.read1():
                imapd.stdin.write(part)
                imapd.stdin.flush()
        except OSError:
            pass
        imapd.stdin.close()


def refuse_notifications():
    """imapd asks the service gamin to watch folders, and without an answer waits for it over a second each time."""
    name = f"\0/tmp/fam-{pwd.getpwuid(os.getuid()).pw_name}-{DIRECTORY.rpartition('/')[2]}"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(name.encode().ljust(108, b"\0"))
        listener.listen(100)
        while True:
            listener.accept()[0].close()


class Plain(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class Tls(Plain):
    def get_request(self):
        stream, address = super().get_request()
        return CONTEXT.wrap_socket(stream, server_side=True, do_handshake_on_connect=False), address


def known(user, password):
    with open(f"{DIRECTORY}/users", encoding="utf-8") as users:
        return user if f"{user}:{password}\n" in users.readlines() else None


if __name__ == "__main__":
    servers = [Plain(("127.0.0.1", int(sys.argv[1])), Login), Tls(("127.0.0.1", int(sys.argv[2])), Login)]
    for work in [servers[1].serve_forever, refuse_notifications]:
        threading.Thread(target=work, daemon=True).start()
    servers[0].serve_forever()
