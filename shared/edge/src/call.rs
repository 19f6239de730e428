//! One request on its way in: who calls, from where in the organisation, with which parameters and body.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use jiff::civil::Date;
use lambda_http::RequestExt;
use lambda_http::http::header::IF_MATCH;
use lambda_http::http::request::Parts;
use outlay_domain::change::{self, Change, MemberChange};
use outlay_domain::ids::{MemberId, OrgId, Seed};
use outlay_domain::member::{Member, MemberStatus};
use outlay_domain::permission::{OrgAction, OrgPermit, permit_org};
use outlay_domain::rate_limit::Class;
use outlay_domain::text::hex;
use outlay_store::keys::{self, Key};
use outlay_store::{Answer, CommitError, Identity, Receipt, Recorded, Seat, Store, StoreError};
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use type_safe_id::{StaticType, TypeSafeId};
use validator::Validate;

use crate::api::member::MemberOut;
use crate::boot::Moment;
use crate::decode;
use crate::fault::Faults;
use crate::gate::Gate;
use crate::limit::{Admission, Holder, Report, Uncounted};
use crate::problem::{Problem, ProblemType};
use crate::query::Query;
use crate::reply::{Outcome, Reply, Stop};

/// How long the answer to a request with an idempotency key is kept, in seconds.
const RECEIPT_SECONDS: i64 = 7 * 24 * 3600;

/// An input type: what it is once every value in it is checked.
pub trait Input: DeserializeOwned + Validate {
    /// The checked value.
    type Checked;

    /// Turns the input into domain values, noting what is wrong. The result counts only when nothing was noted.
    fn check(self, now: Timestamp, faults: &mut Faults) -> Option<Self::Checked>;
}

/// One request.
#[derive(Clone, Debug)]
pub struct Call {
    signed: Signed,
    parts: Parts,
    body: Arc<[u8]>,
    repeatable: Option<Repeatable>,
    /// How it was counted against the limits: once, however often it is carried out anew.
    counted: Arc<Mutex<Option<Report>>>,
}

/// A request that somebody has signed in for.
#[derive(Clone, Debug)]
pub(crate) struct Signed {
    /// What it came through.
    pub(crate) gate: Gate,
    /// Who has signed in.
    pub(crate) identity: Identity,
    /// What it counts as.
    pub(crate) class: Class,
    /// Its time.
    pub(crate) moment: Moment,
}

/// What makes a request safe to repeat; made once, because the whole body goes into it.
#[derive(Clone, Debug)]
struct Repeatable {
    key: String,
    fingerprint: String,
}

/// The member who calls.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The member.
    pub member: Member,
    /// Whether this is his first call: the next change binds him to his identity.
    joining: bool,
    /// Whether that cannot be, because a service has it.
    displaced: bool,
    recorded: Option<Recorded>,
}

impl Caller {
    /// Asks for an action on the organisation.
    ///
    /// # Errors
    /// 403 when the member's role does not allow it.
    pub fn permit<A: OrgAction>(&self) -> Result<OrgPermit<'_, A>, Stop> {
        Ok(permit_org(&self.member)?)
    }

    /// Whether his next change binds him to his identity.
    ///
    /// # Errors
    /// 409 when it would, but a service has his identity.
    pub fn joins(&self) -> Result<bool, Stop> {
        if self.joining && self.displaced {
            let detail = "A service was added under your identity. Ask an admin to suspend it and erase it; until then you can only read.";
            return Err(Problem::new(ProblemType::AlreadyExists, detail).into());
        }
        Ok(self.joining)
    }
}

impl Call {
    pub(crate) fn new(signed: Signed, parts: Parts, body: Vec<u8>, key: Option<String>) -> Self {
        let repeatable = key.map(|key| Repeatable { key, fingerprint: fingerprint(&parts, &body) });
        Self { signed, parts, body: body.into(), repeatable, counted: Arc::default() }
    }

    /// The table.
    #[must_use]
    pub const fn store(&self) -> &Store {
        &self.signed.gate.store
    }

    /// The time of the request; one moment for all that it does.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.signed.moment.now
    }

    /// The day of the request, in UTC.
    #[must_use]
    pub fn today(&self) -> Date {
        change::today(self.signed.moment.now)
    }

    /// What identifiers of this request are made from.
    #[must_use]
    pub const fn seed(&self) -> Seed {
        Seed::new(self.signed.moment.now, self.signed.moment.random)
    }

    /// Who has signed in.
    #[must_use]
    pub const fn identity(&self) -> &Identity {
        &self.signed.identity
    }

    /// The organisation in the path.
    ///
    /// # Errors
    /// 404 when it is not the identifier of one.
    pub fn org(&self) -> Result<OrgId, Stop> {
        self.id("org")
    }

    /// An identifier in the path.
    ///
    /// # Errors
    /// 404 when it is not an identifier of that kind.
    pub fn id<T: StaticType>(&self, name: &str) -> Result<TypeSafeId<T>, Stop> {
        self.path(name).parse().map_err(|_| Problem::not_found().into())
    }

    /// A parameter of the path, as it was sent.
    #[must_use]
    pub fn path(&self, name: &str) -> String {
        let parameters = self.parts.path_parameters_ref();
        parameters.and_then(|parameters| parameters.first(name)).unwrap_or_default().to_owned()
    }

    pub(crate) fn if_match(&self) -> Option<&str> {
        if_match(&self.parts)
    }

    /// Compares the version the caller means, if he says one, with the current one.
    ///
    /// # Errors
    /// 412 when `If-Match` names another version. A weak tag never matches (RFC 9110, section 13.1.1).
    pub fn matches(&self, version: u64) -> Result<(), Stop> {
        let current = format!("\"{version}\"");
        match self.if_match() {
            Some(named) if named != "*" && !named.split(',').any(|tag| tag.trim() == current) => {
                let detail = format!("Its ETag is {current} now, quotes included. Read it again.");
                Err(Problem::new(ProblemType::StaleVersion, detail).into())
            }
            _ => Ok(()),
        }
    }

    /// The member who calls, and what an earlier request with the same idempotency key was answered. The request is counted against the
    /// limits meanwhile.
    ///
    /// # Errors
    /// 429 when it is one too many; 404 when he is no member of the organisation in the path, or suspended.
    pub async fn caller(&self) -> Result<Caller, Stop> {
        let org = self.org()?;
        let reading = async { tokio::try_join!(self.store().seat(org, self.identity()), self.recorded(Some(org))) };
        // Who has asked for too many organisations that are not his writes nothing any more, until he is known to be a member here.
        let suspect = self.signed.gate.limiter.strays(&self.identity().subject, self.now()).is_some();
        let (counted, read) =
            if suspect { (Ok(None), reading.await) } else { tokio::join!(self.count(Some(org)), reading) };
        let (seat, recorded) = read?;
        let seat = seat.filter(|seat| matches!(seat.member.status, MemberStatus::Invited | MemberStatus::Active));
        let Some(Seat { member, joining, displaced }) = seat else { return Err(self.stranger(counted).await) };
        counted?;
        self.count(Some(org)).await?;
        Ok(Caller { member, joining, displaced, recorded })
    }

    /// What somebody is answered who is no member: nothing that tells whether there is such an organisation, nor what its limits are. That
    /// he asked counts against a limit of his own, for the others are of one organisation, and he can invent as many as he likes.
    async fn stranger(&self, counted: Result<Option<Admission>, Uncounted>) -> Stop {
        *self.counted.lock().unwrap_or_else(PoisonError::into_inner) = None;
        match counted {
            Ok(Some(admission)) => self.signed.gate.limiter.disown(&admission).await,
            Err(Uncounted::Beyond(Report { holder: Holder::Organisation, .. })) | Ok(None) => {}
            Err(uncounted) => return uncounted.into(),
        }
        let Signed { gate, identity, class, moment } = &self.signed;
        match gate.limiter.stray(&identity.subject, *class, moment.now).await {
            Some(report) => Uncounted::Beyond(report).into(),
            None => Problem::not_found().into(),
        }
    }

    /// Counts the request against the limits, unless that was done.
    async fn count(&self, org: Option<OrgId>) -> Result<Option<Admission>, Uncounted> {
        if self.limit().is_some() {
            return Ok(None);
        }
        let Signed { gate, identity, class, moment } = &self.signed;
        let counted = gate.limiter.admit(org, &identity.subject, *class, moment.now).await;
        let report = match &counted {
            Ok(admission) => Some(admission.report),
            Err(Uncounted::Beyond(report)) => Some(*report),
            Err(Uncounted::Unavailable(_)) => None,
        };
        *self.counted.lock().unwrap_or_else(PoisonError::into_inner) = report;
        counted.map(Some)
    }

    /// What the request was counted against, for the headers of its answer.
    pub(crate) fn limit(&self) -> Option<Report> {
        *self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for an idempotency key, where nothing else would notice that a request is sent twice.
    ///
    /// # Errors
    /// 400 when there is none.
    pub fn demand_key(&self) -> Result<(), Stop> {
        if self.repeatable.is_some() {
            return Ok(());
        }
        let detail = "Send an Idempotency-Key, such as a UUID: sent twice, this request would be carried out twice.";
        Err(Problem::new(ProblemType::IdempotencyKeyRequired, detail).into())
    }

    /// The caller and something he may see, read side by side; 404 and 403 of the caller come first.
    ///
    /// # Errors
    /// As for [`Call::caller`], and those of the reading.
    pub async fn caller_and<T, E: Into<Stop>>(
        &self,
        reading: impl Future<Output = Result<T, E>>,
    ) -> Result<(Caller, T), Stop> {
        let (caller, read) = tokio::join!(self.caller(), reading);
        let caller = caller?;
        Ok((caller, read.map_err(Into::into)?))
    }

    /// A member whom the request names at `name`.
    ///
    /// # Errors
    /// 422 when there is no such member.
    pub async fn member(&self, id: MemberId, name: &str) -> Result<Member, Stop> {
        let found = self.store().member(self.org()?, id).await?;
        found.ok_or_else(|| {
            let mut faults = Faults::default();
            faults.note(name, "unknown-member", "There is no such member in this organisation.");
            Problem::invalid(faults).into()
        })
    }

    /// The checked body. A repeated request ends here with the answer it was given before.
    ///
    /// # Errors
    /// 400 for what is not a JSON object, 422 with every fault, and the answer of the earlier request.
    pub fn input<T: Input>(&self, caller: &Caller) -> Result<T::Checked, Stop> {
        self.checked::<T>(&self.body, caller)
    }

    /// The same where the body may be left out: an absent one counts as an empty object.
    ///
    /// # Errors
    /// As for [`Call::input`].
    pub fn optional_input<T: Input>(&self, caller: &Caller) -> Result<T::Checked, Stop> {
        self.checked::<T>(or_empty_object(&self.body), caller)
    }

    /// The same where the endpoint has query parameters, which it has read.
    ///
    /// # Errors
    /// As for [`Call::input`].
    pub fn input_with_query<T: Input>(&self, caller: &Caller) -> Result<T::Checked, Stop> {
        let checked = self.body::<T>(&self.body)?;
        self.replay(caller.recorded.as_ref())?;
        Ok(checked)
    }

    fn checked<T: Input>(&self, body: &[u8], caller: &Caller) -> Result<T::Checked, Stop> {
        let checked = self.read::<T>(body)?;
        self.replay(caller.recorded.as_ref())?;
        Ok(checked)
    }

    fn read<T: Input>(&self, body: &[u8]) -> Result<T::Checked, Stop> {
        self.query(&[])?;
        self.body::<T>(body)
    }

    fn body<T: Input>(&self, body: &[u8]) -> Result<T::Checked, Stop> {
        let mut faults = Faults::default();
        let input: T = decode::decode(body, &mut faults).map_err(|_| {
            let detail = "The body must be one JSON object in UTF-8 without repeated names.";
            Problem::new(ProblemType::MalformedJson, detail)
        })?;
        if let Err(errors) = input.validate() {
            faults.take(&errors);
        }
        match input.check(self.now(), &mut faults) {
            Some(checked) if faults.is_empty() => Ok(checked),
            _ => Err(Problem::invalid(faults).into()),
        }
    }

    fn replay(&self, recorded: Option<&Recorded>) -> Result<(), Stop> {
        recorded.map_or(Ok(()), |recorded| Err(self.repeated(recorded)))
    }

    /// Where the answer to this request is kept, if it has a key.
    fn receipt_key(&self, org: Option<OrgId>) -> Option<Key> {
        self.repeatable
            .as_ref()
            .map(|repeatable| keys::idempotency(org, &self.signed.identity.subject, &repeatable.key))
    }

    /// What an earlier request with the same key was answered.
    async fn recorded(&self, org: Option<OrgId>) -> Result<Option<Recorded>, StoreError> {
        match self.receipt_key(org) {
            Some(key) => self.store().recorded(&key, self.now()).await,
            None => Ok(None),
        }
    }

    /// Where the answer to this request would be found, had it been carried out meanwhile.
    pub(crate) fn probe(&self) -> Option<Probe> {
        let fingerprint = self.repeatable.as_ref()?.fingerprint.clone();
        let key = self.receipt_key(self.org().ok())?;
        Some(Probe { store: self.store().clone(), key, fingerprint, now: self.now() })
    }

    /// How a request ends whose key has been used: as the first time, if it is the same.
    fn repeated(&self, recorded: &Recorded) -> Stop {
        if self.repeatable.as_ref().is_some_and(|repeatable| repeatable.fingerprint == recorded.fingerprint) {
            return Stop::Replay(Box::new(recorded.answer.clone()));
        }
        let detail = "This Idempotency-Key was sent with another request. Use a new one.";
        Problem::new(ProblemType::IdempotencyKeyReused, detail).into()
    }

    /// Carries out changes in one transaction with the answer to this request, and gives the answer.
    ///
    /// # Errors
    /// 412 when somebody was faster, 409 when something exists already, 503 when the table is not available.
    pub async fn commit(&self, caller: &Caller, change: Change, reply: Reply) -> Outcome {
        self.commit_for(Some(caller.member.org), &self.along(caller, change)?, reply).await
    }

    /// The change with what goes along with it: that an invited caller joins, and that whoever changes members is still as he was read, so
    /// that two admins cannot each take the other's right away at the same moment.
    fn along(&self, caller: &Caller, change: Change) -> Result<Vec<Change>, Stop> {
        let members = if let Change::Members(changes) = &change { changes.as_slice() } else { &[] };
        // A transaction holds each item once: a change of the caller himself binds him, and stands on his version, by the way.
        let himself = members.iter().any(|change| change.after.id == caller.member.id);
        let more = match caller.joins()? {
            _ if himself => None,
            true => Some(self.join(caller)),
            false if members.is_empty() => None,
            false => Some(Change::Standing(Box::new(caller.member.clone()))),
        };
        Ok(std::iter::once(change).chain(more).collect())
    }

    /// Carries out changes of members, the first of which is answered; without any the answer is the member as he is.
    ///
    /// # Errors
    /// As for [`Call::commit`].
    pub async fn commit_members(&self, caller: &Caller, mut changes: Vec<MemberChange>, member: &Member) -> Outcome {
        if changes.is_empty() {
            return Ok(Reply::ok(&MemberOut::from(member))?.version(member.version));
        }
        let himself = changes.iter().position(|change| change.after.id == caller.member.id);
        if let Some(at) = himself.filter(|_| caller.joining) {
            let change = changes.remove(at).binding(&self.signed.identity.subject);
            changes.insert(at, change);
        }
        let after = changes.first().map_or(member, |change| &change.after);
        let reply = Reply::ok(&MemberOut::from(after))?.version(after.version);
        self.commit(caller, Change::Members(changes), reply).await
    }

    fn join(&self, caller: &Caller) -> Change {
        Change::Members(vec![change::join(&caller.member, &self.signed.identity.subject, self.now())])
    }

    /// The same for a person who is not a member yet.
    ///
    /// # Errors
    /// As for [`Call::commit`].
    pub async fn commit_as_founder(&self, change: Change, reply: Reply) -> Outcome {
        self.commit_for(None, &[change], reply).await
    }

    /// The checked body of a person who is not a member yet. A repeated request ends here.
    ///
    /// # Errors
    /// As for [`Call::input`].
    pub async fn founder_input<T: Input>(&self) -> Result<T::Checked, Stop> {
        self.count(None).await?;
        self.demand_key()?;
        let checked = self.read::<T>(&self.body)?;
        self.replay(self.recorded(None).await?.as_ref())?;
        Ok(checked)
    }

    async fn commit_for(&self, org: Option<OrgId>, changes: &[Change], reply: Reply) -> Outcome {
        let receipt = self.receipt_key(org).zip(self.repeatable.as_ref()).map(|(key, repeatable)| Receipt {
            key,
            fingerprint: repeatable.fingerprint.clone(),
            answer: reply.answer().clone(),
            now: self.now().as_second(),
            expires_at: self.now().as_second().saturating_add(RECEIPT_SECONDS),
        });
        match self.store().commit(changes, receipt.as_ref()).await {
            Ok(()) => Ok(reply),
            Err(CommitError::Repeated(recorded)) => Err(self.repeated(&recorded)),
            Err(error) => Err(error.into()),
        }
    }

    /// The query parameters, each given at most once and all of them among those offered.
    ///
    /// # Errors
    /// 400 otherwise.
    pub fn query(&self, offered: &[&str]) -> Result<Query, Stop> {
        Query::read(&self.parts, offered, self.identity().subject.clone(), self.now())
    }
}

/// Looks whether a request that ran into its own effect was carried out by its twin.
pub(crate) struct Probe {
    store: Store,
    key: Key,
    fingerprint: String,
    now: Timestamp,
}

impl Probe {
    /// The answer of the twin, if there is one.
    pub(crate) async fn twin(self) -> Option<Answer> {
        let recorded = self.store.recorded(&self.key, self.now).await.ok().flatten()?;
        (recorded.fingerprint == self.fingerprint).then_some(recorded.answer)
    }
}

fn if_match(parts: &Parts) -> Option<&str> {
    parts.headers.get(IF_MATCH).map(|value| value.to_str().unwrap_or("?"))
}

/// What makes two requests of one person the same: where, on which version, and what.
fn fingerprint(parts: &Parts, body: &[u8]) -> String {
    let mut hasher = Sha256::new();
    let version = if_match(parts).unwrap_or_default();
    let body = decode::canonical(or_empty_object(body));
    for part in [parts.method.as_str().as_bytes(), parts.uri.path().as_bytes(), version.as_bytes(), &body] {
        hasher.update(part);
        hasher.update([0]);
    }
    hex(&hasher.finalize())
}

const fn or_empty_object(body: &[u8]) -> &[u8] {
    if body.is_empty() { b"{}" } else { body }
}
