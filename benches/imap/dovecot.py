"""A Dovecot of our own on loopback: plain text, Maildir, any user, one password."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time

PASSWORD = "bench"
MAIL_USER = "mail"


def owner():
    entry = pwd.getpwnam(MAIL_USER)
    return entry.pw_uid, entry.pw_gid


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Dovecot:
    """Every name is an account; its mail lies in `HOME/mail/NAME/Maildir` and begins empty."""

    def __init__(self, home, imapc_port=None):
        self.home = home
        self.port = free_port()
        self.conf = f"{home}/dovecot.conf"
        for part in ("run", "state", "mail"):
            os.makedirs(f"{home}/{part}")
        os.chown(f"{home}/mail", *owner())
        with open(self.conf, "w", encoding="ascii") as file:
            file.write(CONF.format(home=home, port=self.port, user=MAIL_USER, password=PASSWORD))
            if imapc_port is not None:
                file.write(IMAPC.format(port=imapc_port, password=PASSWORD))

    def __enter__(self):
        subprocess.run(["dovecot", "-c", self.conf], check=True)
        for _ in range(200):
            if self.greets():
                with open(f"{self.home}/run/master.pid", encoding="ascii") as file:
                    self.pid = int(file.read())
                return self
            time.sleep(0.05)
        raise SystemExit(f"dovecot does not greet; see {self.home}/dovecot.log")

    def greets(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), 2) as peer:
                return peer.recv(100).startswith(b"* OK")
        except OSError:
            return False

    def __exit__(self, *_):
        os.kill(self.pid, signal.SIGTERM)
        for _ in range(200):
            if not os.path.exists(f"/proc/{self.pid}"):
                return
            time.sleep(0.05)

    def maildir(self, account):
        return f"{self.home}/mail/{account}/Maildir"

    def doveadm(self, *arguments):
        command = ["doveadm", "-c", self.conf, "-f", "tab", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def index(self, account):
        """What a server in use has long done: every message has its UID."""
        self.doveadm("index", "-u", account, "*")

    def remove(self, account):
        shutil.rmtree(f"{self.home}/mail/{account}", ignore_errors=True)

    def counts(self, account):
        """Messages by folder."""
        lines = self.doveadm("mailbox", "status", "-u", account, "messages", "*").splitlines()[1:]
        return {name: int(count) for name, count in (line.rsplit("\t", 1) for line in lines)}

    def contents(self, account):
        """All messages: their size, date received and flags by folder and Message-ID, which is unique in invented mail.
        One that is there twice counts as two."""
        found = {}
        fields = "mailbox hdr.message-id size.virtual date.received flags"
        for line in self.doveadm("fetch", "-u", account, fields, "all").splitlines()[1:]:
            folder, message_id, size, date, flags = line.split("\t")
            copy = 0
            while (folder, message_id, copy) in found:
                copy += 1
            found[folder, message_id, copy] = (size, date, frozenset(flags.split()) - {"\\Recent"})
        return found


CONF = """\
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
mail_location = maildir:~/Maildir:LAYOUT=fs
mailbox_list_index = yes
mail_prefetch_count = 20
first_valid_uid = 1
first_valid_gid = 1
default_vsz_limit = 0
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={user} gid={user} home={home}/mail/%u allow_all_users=yes
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
protocol imap {{
  mail_max_userip_connections = 1000
}}
service imap-login {{
  service_count = 0
  client_limit = 1000
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
"""

# What `doveadm backup -R ... imapc:` reads from, with the settings Dovecot's manual gives for migrations.
IMAPC = """\
imapc_host = 127.0.0.1
imapc_port = {port}
imapc_user = %u
imapc_password = {password}
imapc_features = rfc822.size fetch-headers
"""
