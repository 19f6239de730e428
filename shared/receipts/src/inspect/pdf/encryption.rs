//! Encryption of a PDF (ISO 32000-2, 7.6). Many invoices can be opened by everybody and are encrypted all the same, to
//! forbid changes: the password that opens them is empty. Their streams are decrypted in order to be inspected; the file
//! itself is kept as it is. RC4 and MD5 protect nothing: they are here because the format names them.

use aes::cipher::{Array, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use aes::{Aes128, Aes256};
use md5::Md5;
use outlay_domain::receipt::RejectionReason;
use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::inspect::budget::Budget;

use super::document::{EncryptionDict, PdfContents};
use super::lexer::{Lexer, Token};

/// Padding of a password; the padded empty password.
const PADDING: [u8; 32] = [
    0x28, 0xBF, 0x4E, 0x5E, 0x4E, 0x75, 0x8A, 0x41, 0x64, 0x00, 0x4E, 0x56, 0xFF, 0xFA, 0x01, 0x08, 0x2E, 0x2E, 0x00,
    0xB6, 0xD0, 0x68, 0x3E, 0x80, 0x2F, 0x0C, 0xA9, 0xFE, 0x64, 0x53, 0x69, 0x7A,
];
/// Limit of tokens of an encryption dictionary.
const MAX_TOKENS: usize = 500;
/// Limit of file identifiers that are tried. All revisions have the same.
const MAX_IDENTIFIERS: usize = 4;
/// Limit of rounds of the hash of revision 6. It ends by chance, usually before 100.
const MAX_ROUNDS: usize = 2000;
/// Cost of a decrypted byte, and of a key, in units of the budget.
const BYTE_UNITS: u64 = 15;
const KEY_UNITS: u64 = 1000;
const BLOCK: usize = 16;

/// Encryption of streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    /// Streams are plain.
    Identity,
    Rc4,
    /// AES-128 with a key for each object.
    Aes128,
    /// AES-256 with the key of the file.
    Aes256,
}

/// Key of a file that opens without a password.
#[derive(Debug)]
pub(super) struct Decryption {
    key: Vec<u8>,
    method: Method,
    encrypts_metadata: bool,
}

/// Values of the encryption dictionary.
#[derive(Debug, Default)]
struct Parameters {
    is_standard: bool,
    version: u64,
    revision: u64,
    key_bits: u64,
    permissions: Vec<u8>,
    owner: Vec<u8>,
    user: Vec<u8>,
    user_key: Vec<u8>,
    stream_filter: Vec<u8>,
    /// Names of crypt filters with their methods.
    filters: Vec<(Vec<u8>, Vec<u8>)>,
    has_plain_metadata: bool,
}

impl Decryption {
    /// Key of a file whose user password is empty; `None` when a password is needed or the encryption is unknown.
    pub(super) fn without_password(bytes: &[u8], found: &PdfContents) -> Option<Self> {
        let start = match found.encryption? {
            EncryptionDict::Object(number) => found.start_of(number)?,
            EncryptionDict::Inline(start) => start,
            EncryptionDict::Unknown => return None,
        };
        let parameters = Parameters::read(Lexer::new(bytes.get(start..)?))?;
        let method = parameters.method()?;
        let key = if parameters.version == 5 {
            parameters.key_of_256_bits()?
        } else {
            let identifiers = found.identifiers.iter().take(MAX_IDENTIFIERS).map(Vec::as_slice);
            identifiers.chain([[].as_slice()]).find_map(|identifier| parameters.key_by_md5(identifier))?
        };
        Some(Self { key, method, encrypts_metadata: !parameters.has_plain_metadata })
    }

    /// True when metadata is not encrypted.
    pub(super) const fn leaves_metadata(&self) -> bool {
        !self.encrypts_metadata
    }

    /// Decrypts a stream of an object with this number and generation.
    pub(super) fn decrypt(
        &self,
        data: &[u8],
        (number, generation): (u64, u64),
        budget: &mut Budget,
    ) -> Result<Vec<u8>, RejectionReason> {
        budget.spend(KEY_UNITS)?;
        budget.spend_each(data.len(), BYTE_UNITS)?;
        let object_key = || {
            let salt: &[u8] = if self.method == Method::Aes128 { b"sAlT" } else { b"" };
            let [n0, n1, n2, ..] = number.to_le_bytes();
            let [g0, g1, ..] = generation.to_le_bytes();
            let mut key = md5(&[&self.key, &[n0, n1, n2, g0, g1], salt]);
            key.truncate(self.key.len().saturating_add(5).min(16));
            key
        };
        let decrypted = match self.method {
            Method::Identity => Some(data.to_vec()),
            Method::Rc4 => Some(rc4(&object_key(), data)),
            Method::Aes128 => Aes128::new_from_slice(&object_key()).ok().map(|aes| decrypt_stream(&aes, data)),
            Method::Aes256 => Aes256::new_from_slice(&self.key).ok().map(|aes| decrypt_stream(&aes, data)),
        };
        decrypted.ok_or(RejectionReason::Damaged)
    }
}

impl Parameters {
    fn read(mut lexer: Lexer<'_>) -> Option<Self> {
        let mut found = Self { key_bits: 40, stream_filter: b"Identity".to_vec(), ..Self::default() };
        // Keys of the open dictionaries: at most `CF`, a filter, and something in it.
        let mut path: Vec<Vec<u8>> = Vec::new();
        let mut key = None::<Vec<u8>>;
        (lexer.next()? == Token::DictOpen).then_some(())?;
        for _ in 0..MAX_TOKENS {
            let before = lexer.rest();
            match (key.take(), lexer.next()?) {
                (Some(key), Token::DictOpen) => path.push(key),
                (_, Token::DictClose) => {
                    if path.pop().is_none() {
                        return Some(found);
                    }
                }
                (None, Token::Name(name)) => key = Some(name.into_owned()),
                (Some(key), token) => found.set(&path, &key, &token, before),
                (None, _) => {}
            }
        }
        None
    }

    fn set(&mut self, path: &[Vec<u8>], key: &[u8], token: &Token<'_>, before: &[u8]) {
        if let [first, filter] = path {
            if let (b"CF", b"CFM", Token::Name(method)) = (first.as_slice(), key, token) {
                self.filters.push((filter.clone(), method.to_vec()));
            }
            return;
        }
        if !path.is_empty() {
            return;
        }
        match (key, token) {
            (b"Filter", Token::Name(name)) => self.is_standard = name.as_ref() == b"Standard",
            (b"V", Token::Number(Some(version))) => self.version = *version,
            (b"R", Token::Number(Some(revision))) => self.revision = *revision,
            (b"Length", Token::Number(Some(bits))) => self.key_bits = *bits,
            (b"P", Token::Number(_)) => self.permissions = permissions(before).unwrap_or_default(),
            (b"O", Token::String(value)) => self.owner = value.bytes(),
            (b"U", Token::String(value)) => self.user = value.bytes(),
            (b"UE", Token::String(value)) => self.user_key = value.bytes(),
            (b"StmF", Token::Name(name)) => self.stream_filter = name.to_vec(),
            (b"EncryptMetadata", Token::Keyword(word)) => self.has_plain_metadata = *word == b"false",
            _ => {}
        }
    }

    fn method(&self) -> Option<Method> {
        let by_filter = || {
            if self.stream_filter == b"Identity" {
                return Some(Method::Identity);
            }
            let (_, method) = self.filters.iter().find(|(name, _)| *name == self.stream_filter)?;
            match method.as_slice() {
                b"None" => Some(Method::Identity),
                b"V2" => Some(Method::Rc4),
                b"AESV2" => Some(Method::Aes128),
                b"AESV3" => Some(Method::Aes256),
                _ => None,
            }
        };
        match self.version {
            _ if !self.is_standard => None,
            1 | 2 => Some(Method::Rc4),
            4 => by_filter().filter(|method| *method != Method::Aes256),
            5 => by_filter().filter(|method| matches!(method, Method::Aes256 | Method::Identity)),
            _ => None,
        }
    }

    /// Key by algorithm 2, if the user password by algorithms 4 and 5 confirms it.
    fn key_by_md5(&self, identifier: &[u8]) -> Option<Vec<u8>> {
        let length = match (self.version, self.revision) {
            (_, ..=2) => 5,
            (4, _) => 16,
            _ => usize::try_from(self.key_bits / 8).ok().filter(|length| (5..=16).contains(length))?,
        };
        let plain_metadata: &[u8] = if self.revision >= 4 && self.has_plain_metadata { &[0xFF; 4] } else { &[] };
        let mut key = md5(&[&PADDING, self.owner.get(..32)?, &self.permissions, identifier, plain_metadata]);
        key.truncate(length);
        if self.revision <= 2 {
            return (rc4(&key, &PADDING) == self.user.get(..32)?).then_some(key);
        }
        for _ in 0..50 {
            key = md5(&[&key]);
            key.truncate(length);
        }
        let mut user = md5(&[&PADDING, identifier]);
        for round in 0..20_u8 {
            let key: Vec<u8> = key.iter().map(|byte| byte ^ round).collect();
            user = rc4(&key, &user);
        }
        (user == self.user.get(..16)?).then_some(key)
    }

    /// Key by algorithm 2.A, if the hash of the empty user password confirms it.
    fn key_of_256_bits(&self) -> Option<Vec<u8>> {
        let (hash, salts) = self.user.get(..48)?.split_at_checked(32)?;
        let (validation, salt) = salts.split_at_checked(8)?;
        let of =
            |salt: &[u8]| if self.revision == 5 { Some(Sha256::digest(salt).to_vec()) } else { hash_of_salt(salt) };
        (of(validation)? == hash).then_some(())?;
        let aes = Aes256::new_from_slice(&of(salt)?).ok()?;
        Some(decrypt_cbc(&aes, &[0; BLOCK], self.user_key.get(..32)?))
    }
}

/// Hash of an empty password with a salt, by algorithm 2.B.
fn hash_of_salt(salt: &[u8]) -> Option<Vec<u8>> {
    let mut key = Sha256::digest(salt).to_vec();
    for round in 0..MAX_ROUNDS {
        let input = key.repeat(64);
        let (aes_key, vector) = key.get(..32)?.split_at_checked(BLOCK)?;
        let encrypted = encrypt_cbc(&Aes128::new_from_slice(aes_key).ok()?, vector, &input);
        let remainder = encrypted.get(..BLOCK)?.iter().map(|byte| u32::from(*byte)).sum::<u32>() % 3;
        key = match remainder {
            0 => Sha256::digest(&encrypted).to_vec(),
            1 => Sha384::digest(&encrypted).to_vec(),
            _ => Sha512::digest(&encrypted).to_vec(),
        };
        let last = usize::from(*encrypted.last()?);
        if round >= 63 && last <= round.checked_sub(31)? {
            key.truncate(32);
            return Some(key);
        }
    }
    None
}

/// Reads a signed or unsigned number of 32 bits.
fn permissions(before: &[u8]) -> Option<Vec<u8>> {
    let start = before.iter().position(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-'))?;
    let text = before.get(start..)?;
    let length = text.iter().skip(1).position(|byte| !byte.is_ascii_digit()).map_or(text.len(), |at| at + 1);
    let number: i64 = std::str::from_utf8(text.get(..length)?).ok()?.parse().ok()?;
    Some(number.to_le_bytes().get(..4)?.to_vec())
}

fn md5(parts: &[&[u8]]) -> Vec<u8> {
    let mut hash = Md5::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().to_vec()
}

/// Encrypts and decrypts by RC4.
fn rc4(key: &[u8], data: &[u8]) -> Vec<u8> {
    let mut state: Vec<u8> = (0..=u8::MAX).collect();
    let mut j = 0_u8;
    let at = |state: &[u8], index: u8| state.get(usize::from(index)).copied().unwrap_or(0);
    for (i, key) in (0..=u8::MAX).zip(key.iter().cycle()) {
        j = j.wrapping_add(at(&state, i)).wrapping_add(*key);
        state.swap(usize::from(i), usize::from(j));
    }
    let (mut i, mut j) = (0_u8, 0_u8);
    let next = |byte: &u8| {
        i = i.wrapping_add(1);
        j = j.wrapping_add(at(&state, i));
        state.swap(usize::from(i), usize::from(j));
        byte ^ at(&state, at(&state, i).wrapping_add(at(&state, j)))
    };
    data.iter().map(next).collect()
}

/// Decrypts a stream: an initialisation vector, and blocks with padding. A part of a block at the end is ignored, as
/// readers do.
fn decrypt_stream(aes: &impl BlockCipherDecrypt<BlockSize = aes::cipher::consts::U16>, data: &[u8]) -> Vec<u8> {
    let Some((vector, blocks)) = data.split_first_chunk::<BLOCK>() else { return Vec::new() };
    let mut plain = decrypt_cbc(aes, vector, blocks);
    let padding = plain.last().copied().map_or(0, usize::from);
    if (1..=BLOCK).contains(&padding) {
        plain.truncate(plain.len().saturating_sub(padding));
    }
    plain
}

fn decrypt_cbc(
    aes: &impl BlockCipherDecrypt<BlockSize = aes::cipher::consts::U16>,
    vector: &[u8; BLOCK],
    data: &[u8],
) -> Vec<u8> {
    let mut plain = Vec::with_capacity(data.len());
    let mut before = *vector;
    for chunk in data.as_chunks::<BLOCK>().0 {
        let mut block = Array::from(*chunk);
        aes.decrypt_block(&mut block);
        plain.extend(block.iter().zip(&before).map(|(byte, before)| byte ^ before));
        before = *chunk;
    }
    plain
}

fn encrypt_cbc(
    aes: &impl BlockCipherEncrypt<BlockSize = aes::cipher::consts::U16>,
    vector: &[u8],
    data: &[u8],
) -> Vec<u8> {
    let mut encrypted: Vec<u8> = Vec::with_capacity(data.len());
    let mut before = vector.to_vec();
    for chunk in data.as_chunks::<BLOCK>().0 {
        let mut block = Array::from(*chunk);
        block.iter_mut().zip(&before).for_each(|(byte, before)| *byte ^= before);
        aes.encrypt_block(&mut block);
        encrypted.extend_from_slice(&block);
        before = block.to_vec();
    }
    encrypted
}
