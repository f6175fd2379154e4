"""Requests made from the OpenAPI description: no 500, and answers are as described."""

import numpy as np
import schemathesis
from conftest import REPOSITORY
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from mutations import seeds

from app.application import create_app
from app.recognizer import Recognizer
from app.settings import Settings

FILES = {seed.content_type: seed.body for seed in seeds() if seed.content_type.startswith("image/")}
for media_type, file in FILES.items():
    schemathesis.openapi.media_type(media_type, st.just(file) | st.binary(max_size=100))
ARRAYS = st.integers(0, 3).map(lambda count: np.full((count, 28, 28), 9, np.uint8).tobytes())
schemathesis.openapi.media_type("application/octet-stream", ARRAYS | st.binary(max_size=100))


# Bytes are all that a schema can say of a picture; whether they are one is for the service to say.
NO_PICTURE = ["2xx", 400, 413, 415, 422]
# In a form all is bytes, so a part of the wrong type is a picture that can't be read.
FORM_OF_ANYTHING = {
    "include-name": "POST /predict/batch",
    "checks": {"negative_data_rejection": {"expected-statuses": NO_PICTURE}},
}
config = schemathesis.Config.from_dict(
    {
        "checks": {"positive_data_acceptance": {"expected-statuses": NO_PICTURE}},
        "operations": [FORM_OF_ANYTHING],
    }
)
app = create_app(Settings(), Recognizer.load(REPOSITORY / "weights"))
schema = schemathesis.openapi.from_asgi("/openapi.json", app, config=config)


@schema.parametrize()
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_requests_are_answered_as_described(case: schemathesis.Case) -> None:
    case.call_and_validate()
