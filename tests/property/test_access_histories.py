"""Random histories of roles, users and tokens: stored commits replay to the same state from any checkpoint."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from supertable.adapters.codecs.json_documents import access_log_codec
from supertable.domain.access.accounts import (
    Access,
    AccessAction,
    AccessChange,
    AccessCommit,
    Token,
    User,
    replayed_access,
)
from supertable.domain.access.masks import Mask, MaskKind
from supertable.domain.access.roles import Role, RoleType, TableRule
from supertable.domain.access.row_filters import Form, Term
from supertable.domain.names import name_key
from supertable.domain.schema.types import DataType

NAMES = st.sampled_from(["a", "A", "b", "c"])
HASHES = st.sampled_from([f"{number:032x}" for number in range(4)])
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
FIELDS = st.integers(1, 4)
TERMS = st.recursive(
    st.one_of(
        st.builds(Term, st.just(Form.COLUMN), column=FIELDS),
        st.builds(Term, st.just(Form.CONSTANT), type=st.just(DataType("decimal", precision=9, scale=2)), text=TEXTS),
        st.builds(Term, st.just(Form.ATTRIBUTE), text=TEXTS),
        st.just(Term(Form.USER)),
    ),
    lambda terms: st.builds(
        Term, st.sampled_from([Form.AND, Form.NOT, Form.IN]), st.lists(terms, min_size=1, max_size=3).map(tuple)
    ),
    max_leaves=6,
)
MASKS = st.builds(Mask, st.sampled_from(MaskKind), TEXTS, st.integers(0, 3), st.integers(0, 3))
RULES = st.builds(
    TableRule,
    st.just("main"),
    HASHES,
    NAMES,
    st.none() | st.frozensets(FIELDS),
    st.dictionaries(FIELDS, MASKS, max_size=2),
    st.none() | TERMS,
)
ROLES = st.builds(
    Role,
    NAMES,
    st.sampled_from(RoleType),
    st.lists(TEXTS, max_size=2).map(tuple),
    st.lists(RULES, max_size=2).map(lambda rules: {rule.table_id: rule for rule in rules}),
    TEXTS,
)
USERS = st.builds(
    User, HASHES, NAMES, st.lists(NAMES, max_size=2).map(tuple), st.dictionaries(TEXTS, TEXTS), st.booleans()
)
TIMES = st.integers(0, 2**53)
TOKENS = st.builds(Token, HASHES, HASHES, TEXTS, TEXTS, TIMES, st.none() | TIMES, st.none() | NAMES, st.none() | TIMES)
CHANGES = st.one_of(
    st.builds(AccessChange, st.just(AccessAction.FOUND), secret=TEXTS),
    st.builds(AccessChange, st.just(AccessAction.PUT_ROLE), role=ROLES),
    st.builds(AccessChange, st.just(AccessAction.PUT_USER), user=USERS),
    st.builds(AccessChange, st.just(AccessAction.PUT_TOKEN), token=TOKENS),
    st.builds(AccessChange, st.just(AccessAction.DROP_ROLE), NAMES),
    st.builds(AccessChange, st.sampled_from([AccessAction.DROP_USER, AccessAction.DROP_TOKEN]), HASHES),
    st.builds(AccessChange, st.just(AccessAction.USE_TOKEN), HASHES, at_us=TIMES),
)


@st.composite
def histories(draw: st.DrawFn) -> list[AccessCommit]:
    drawn = draw(st.lists(st.lists(CHANGES, min_size=1, max_size=4).map(tuple), min_size=1, max_size=8))
    return [
        AccessCommit(f"{version:032x}", version, version, draw(HASHES), changes)
        for version, changes in enumerate(drawn, 1)
    ]


@given(histories())
def test_stored_commits_replay_to_the_same_state_from_every_checkpoint(commits: list[AccessCommit]) -> None:
    codec = access_log_codec()
    stored = [codec.decode_record(codec.encode_record(commit)) for commit in commits]
    assert stored == commits
    states: list[Access | None] = [None]
    for commit in stored:
        states.append(replayed_access(states[-1], [commit]))
    assert replayed_access(None, commits) == states[-1]
    for version, state in enumerate(states[1:], 1):
        assert state is not None
        checkpoint = codec.decode_state(codec.encode_state(state))
        assert checkpoint == state
        assert replayed_access(checkpoint, stored[version:]) == states[-1]


@given(histories())
def test_every_state_is_consistent(commits: list[AccessCommit]) -> None:
    states = [state for length in range(1, len(commits) + 1) if (state := replayed_access(None, commits[:length]))]
    for before, after in pairwise(states):
        assert after.version == before.version + 1
    for state in states:
        assert all(name_key(role.name) == key for key, role in state.roles.items())
        assert all(user.hash == hashed for hashed, user in state.users.items())
        assert all(role.version <= state.version for role in state.roles.values())
        assert all(user.version <= state.version for user in state.users.values())


@given(histories(), HASHES)
def test_a_dropped_user_has_no_tokens(commits: list[AccessCommit], user: str) -> None:
    last = AccessCommit("f" * 32, len(commits) + 1, 0, user, (AccessChange(AccessAction.DROP_USER, user),))
    state = replayed_access(None, [*commits, last])
    assert state is not None
    assert user not in state.users
    assert not [token for token in state.tokens.values() if token.user == user]
