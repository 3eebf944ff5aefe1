//! COMPRESS=DEFLATE (RFC 4978), without I/O: raw deflate (RFC 1951) both ways, flushed after each piece.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

/// Both directions of a connection. What was received is inflated piece by piece, so that a server which sends
/// a megabyte as a kilobyte fills no memory.
#[derive(Debug)]
pub(crate) struct Deflated {
    pack: Compress,
    unpack: Decompress,
    /// What was received and is not inflated yet.
    input: Vec<u8>,
    at: usize,
    /// There may be more to come out without more coming in.
    full: bool,
}

/// What was received is no deflate stream, or it ended.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("what it says cannot be decompressed")]
pub(crate) struct Garbled;

impl Deflated {
    pub(crate) fn new() -> Self {
        Self {
            pack: Compress::new(Compression::default(), false),
            unpack: Decompress::new(false),
            input: Vec::new(),
            at: 0,
            full: false,
        }
    }

    /// Bytes to be sent, such that the server can read all of them.
    pub(crate) fn pack(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut packed = Vec::with_capacity(bytes.len() / 2 + 64);
        let before = self.pack.total_in();
        loop {
            let done = usize::try_from(self.pack.total_in() - before).unwrap_or(bytes.len());
            // Into memory with room left it cannot fail.
            let _ = self.pack.compress_vec(&bytes[done..], &mut packed, FlushCompress::Sync);
            // Room left over means that all of it is out (zlib.h on Z_SYNC_FLUSH).
            if packed.len() < packed.capacity() {
                return packed;
            }
            packed.reserve(packed.len() + 64);
        }
    }

    /// Takes bytes that were received.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.input.drain(..self.at);
        self.at = 0;
        self.input.extend_from_slice(bytes);
    }

    /// Inflates into `buffer`; 0 means that more must be received first.
    pub(crate) fn unpack(&mut self, buffer: &mut [u8]) -> Result<usize, Garbled> {
        if self.at == self.input.len() && !self.full {
            return Ok(0);
        }
        let (read, written) = (self.unpack.total_in(), self.unpack.total_out());
        let status = self.unpack.decompress(&self.input[self.at..], buffer, FlushDecompress::Sync);
        let size = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        self.at += size(self.unpack.total_in() - read);
        let count = size(self.unpack.total_out() - written);
        self.full = count == buffer.len();
        match status {
            Ok(Status::StreamEnd) if count == 0 => Err(Garbled),
            Ok(Status::BufError) if self.at < self.input.len() && count == 0 => Err(Garbled),
            Ok(_) => Ok(count),
            Err(_) => Err(Garbled),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(link: &mut Deflated, piece: usize) -> Result<Vec<u8>, Garbled> {
        let (mut all, mut buffer) = (Vec::new(), vec![0; piece]);
        loop {
            match link.unpack(&mut buffer)? {
                0 => return Ok(all),
                count => all.extend_from_slice(&buffer[..count]),
            }
        }
    }

    #[test]
    fn each_piece_can_be_read_when_it_has_come() {
        let (mut client, mut server) = (Deflated::new(), Deflated::new());
        for line in ["m1 NOOP\r\n", "m2 LIST \"\" \"*\"\r\n", "", "m3 LOGOUT\r\n"] {
            server.feed(&client.pack(line.as_bytes()));
            assert_eq!(read(&mut server, 7).unwrap(), line.as_bytes());
        }
    }

    #[test]
    fn much_out_of_little_comes_piece_by_piece() {
        let (mut client, mut server) = (Deflated::new(), Deflated::new());
        let packed = client.pack(&vec![b'x'; 8 << 20]);
        assert!(packed.len() < 32 << 10, "{}", packed.len());
        server.feed(&packed);
        let mut buffer = [0; 4096];
        assert_eq!(server.unpack(&mut buffer), Ok(4096));
        assert_eq!(read(&mut server, 65_536).unwrap().len(), (8 << 20) - 4096);
    }

    #[test]
    fn what_is_not_deflated_is_an_error() {
        let mut link = Deflated::new();
        // A block of the reserved type.
        link.feed(b"\x06 and more");
        assert_eq!(read(&mut link, 100), Err(Garbled));
    }

    proptest! {
        #[test]
        fn f1_any_bytes(input: Vec<u8>) {
            let mut link = Deflated::new();
            link.feed(&input);
            let _ = read(&mut link, 1000);
        }

        #[test]
        fn f2_write_then_parse(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..3000), 0..6)) {
            let (mut client, mut server) = (Deflated::new(), Deflated::new());
            for piece in pieces {
                server.feed(&client.pack(&piece));
                prop_assert_eq!(read(&mut server, 100).unwrap(), piece);
            }
        }

        #[test]
        fn f4_chunked(text: Vec<u8>, cut in 1usize..50) {
            let packed = Deflated::new().pack(&text);
            let mut server = Deflated::new();
            let mut all = Vec::new();
            for piece in packed.chunks(cut) {
                server.feed(piece);
                all.extend(read(&mut server, 64).unwrap());
            }
            prop_assert_eq!(all, text);
        }
    }
}
