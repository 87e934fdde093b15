"""The demo's story, end to end: installed as users install it, with real traffic and real metrics."""

from __future__ import annotations

import story
from harness import Cluster
from world import Stack

pytest_plugins = ["operator_fixture"]


def remove_story(cluster: Cluster) -> None:
    """The installed operator watches all namespaces: it must not meet other tests' worlds."""
    api = cluster.api
    pods = f"/api/v1/namespaces/{story.OPERATOR_SPACE}/pods"
    api.delete(f"/apis/apps/v1/namespaces/{story.OPERATOR_SPACE}/deployments/{story.OPERATOR}")
    for pod in api.list(pods):
        api.delete(f"{pods}/{pod['metadata']['name']}", grace=1)
    cluster.wait_for(lambda: not api.list(pods), 30, "the installed operator is gone")
    if api.find(story.MIGRATION):
        api.patch(story.MIGRATION, {"metadata": {"finalizers": None}})
        api.delete(story.MIGRATION)
    api.delete(f"/api/v1/namespaces/{story.NAMESPACE}")
    cluster.wait_for(lambda: not api.find(f"/api/v1/namespaces/{story.NAMESPACE}"), 60, "the story's namespace is gone")


def operator_logs(cluster: Cluster) -> str:
    logs = sorted((cluster.state / "logs").glob(f"pod_{story.OPERATOR_SPACE}_*.log"))
    return "\n".join(f"--- {log.name}\n" + "\n".join(log.read_text(errors="replace").splitlines()[-40:]) for log in logs)


def test_the_demos_story_happens_without_a_user_error_outside_the_fault(full_stack: Stack) -> None:
    cluster = full_stack.cluster
    full_stack.wake()
    lines: list[str] = []
    try:
        figures = story.Story(cluster, lines.append).run()
        migration = cluster.api.get(story.MIGRATION)
        print("\n".join([*lines, figures.line(), str(migration["status"].get("conditions")), operator_logs(cluster)]))
    except BaseException:
        print("\n".join([*lines, operator_logs(cluster)]))
        raise
    finally:
        remove_story(cluster)
    assert figures.result == "ok", figures.line()
    assert figures.rollbacks == 1
    assert figures.user_errors_outside_fault == 0
    assert (figures.final_phase, figures.final_weight) == ("Complete", 100)
    assert figures.user_requests > 1000
    assert 0 <= figures.breach_to_weight0_ms < 5000
