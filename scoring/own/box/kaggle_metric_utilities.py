"""The names that metrics written for Kaggle import; the code is our own.

Known by `safe_call_score`, `verify_valid_probabilities` and the two kinds of errors. What the
functions tell participants never holds a digit, nor a word of non-numeric answers.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

SUM_TOLERANCE = 1e-5


class ParticipantVisibleError(Exception):
    """Its text is shown to the participant. Any class of this name will do."""


class HostVisibleError(Exception):
    """Its text is shown to the host alone, as that of every other error."""


def treat_as_participant_error(
    error_message: str, solution: pd.DataFrame | pd.Series | np.ndarray[Any, Any]
) -> bool:
    """Tell whether a text of some library can be shown: it cannot quote answers.

    Answers that are numbers are never quoted without a digit; of texts, truth values and the
    words for special floats nobody can tell.
    """
    kinds = list(solution.dtypes) if isinstance(solution, pd.DataFrame) else [solution.dtype]
    if any(getattr(kind, "kind", "O") not in "iuf" for kind in kinds):
        return False
    words = error_message.lower()
    is_plain = not any(character.isnumeric() for character in words)
    return is_plain and not any(word in words for word in ("nan", "inf"))


def safe_call_score(
    metric_function: Callable[..., Any],
    solution: Any,  # noqa: ANN401 (a frame, series or array)
    submission: Any,  # noqa: ANN401 (the same)
    **metric_func_kwargs: Any,  # noqa: ANN401 (the function's own)
) -> Any:  # noqa: ANN401 (what the function returns)
    """Call ``metric_function(solution, submission, **kwargs)``; show its error where that is safe.

    Raises:
        ParticipantVisibleError: The function failed with words that cannot quote answers.
        HostVisibleError: It failed with other words.

    """
    try:
        return metric_function(solution, submission, **metric_func_kwargs)
    except Exception as error:
        if any(kind.__name__ == "ParticipantVisibleError" for kind in type(error).__mro__):
            raise
        if treat_as_participant_error(str(error), solution):
            raise ParticipantVisibleError(str(error)) from error
        raise HostVisibleError(str(error)) from error


def verify_valid_probabilities(df: pd.DataFrame, df_name: str) -> None:
    """Refuse columns that are no probabilities from 0 to 1 with a sum of 1 in each row.

    Args:
        df: The columns of the classes, without the ids.
        df_name: What to call it in a message.

    Raises:
        ParticipantVisibleError: As said.

    """
    if not all(pd.api.types.is_numeric_dtype(kind) for kind in df.dtypes):
        raise ParticipantVisibleError(f"All columns of {df_name} must be numbers.")
    values = df.to_numpy(dtype=np.float64)
    if not np.isfinite(values).all() or (values < 0).any() or (values > 1).any():
        raise ParticipantVisibleError(f"All values of {df_name} must be from zero to one.")
    if not np.allclose(values.sum(axis=1), 1, rtol=0, atol=SUM_TOLERANCE):
        raise ParticipantVisibleError(f"The values of each row of {df_name} must sum to one.")
