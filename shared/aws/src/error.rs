//! Classification of AWS service failures by what the caller can do. Keeps error codes only: service messages can quote
//! the request.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// Failed call of an AWS service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AwsFailure {
    /// Throttled, unreachable or temporarily broken: retry later.
    Unavailable(String),
    /// Refused by the service with this error code: do not retry.
    Refused(String),
}

impl AwsFailure {
    /// Classifies an SDK error. `transient` lists the service's error codes that mean "retry later"; every response
    /// with a 5xx status means it too.
    pub fn of<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>, transient: &[&str]) -> Self {
        let unavailable = |stage: &str| Self::Unavailable(stage.to_owned());
        match error {
            SdkError::ServiceError(service) => {
                let code = service.err().code().unwrap_or("unknown");
                let is_transient = transient.contains(&code) || service.raw().status().is_server_error();
                if is_transient { unavailable(code) } else { Self::Refused(code.to_owned()) }
            }
            SdkError::ConstructionFailure(_) => Self::Refused("ConstructionFailure".to_owned()),
            SdkError::TimeoutError(_) => unavailable("Timeout"),
            SdkError::DispatchFailure(_) => unavailable("DispatchFailure"),
            _ => unavailable("UnreadableResponse"),
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::client::result::ConnectorError;
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::metadata::ErrorMetadata;

    use super::*;

    type Failure = SdkError<ErrorMetadata, HttpResponse>;

    fn response(status: u16) -> HttpResponse {
        HttpResponse::new(status.try_into().unwrap(), SdkBody::empty())
    }

    fn answered(code: &str) -> AwsFailure {
        let metadata = ErrorMetadata::builder().code(code).message("clean/org_secret is not yours").build();
        AwsFailure::of(&Failure::service_error(metadata, response(400)), &["SlowDown"])
    }

    #[test]
    fn error_code_decides_between_unavailable_and_refused() {
        assert_eq!(answered("SlowDown"), AwsFailure::Unavailable("SlowDown".to_owned()));
        assert_eq!(answered("AccessDenied"), AwsFailure::Refused("AccessDenied".to_owned()));
    }

    #[test]
    fn server_error_without_known_code_is_unavailable() {
        let failure = |status, metadata| AwsFailure::of(&Failure::service_error(metadata, response(status)), &[]);
        let unknown = || ErrorMetadata::builder().build();
        assert_eq!(failure(502, unknown()), AwsFailure::Unavailable("unknown".to_owned()));
        assert_eq!(failure(400, unknown()), AwsFailure::Refused("unknown".to_owned()));
        let new = ErrorMetadata::builder().code("SomethingNew").build();
        assert_eq!(failure(500, new), AwsFailure::Unavailable("SomethingNew".to_owned()));
    }

    #[test]
    fn unreachable_service_is_unavailable() {
        let timeout = Failure::timeout_error("S3");
        assert_eq!(AwsFailure::of(&timeout, &[]), AwsFailure::Unavailable("Timeout".to_owned()));
        let unreached = Failure::dispatch_failure(ConnectorError::io("broken".into()));
        assert_eq!(AwsFailure::of(&unreached, &[]), AwsFailure::Unavailable("DispatchFailure".to_owned()));
    }

    #[test]
    fn service_messages_are_dropped() {
        for code in ["SlowDown", "AccessDenied"] {
            assert!(!format!("{:?}", answered(code)).contains("secret"));
        }
    }
}
