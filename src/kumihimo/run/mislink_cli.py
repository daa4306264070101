"""`kumihimo gateway mislink`: what wrong links had done, by the institution's own case."""

import asyncio
from pathlib import Path

from cyclopts import App

from kumihimo.kernel.clock import JST
from kumihimo.rooms.gateway.business_links import Consequences
from kumihimo.rooms.gateway.consequences import consequences_of_case
from kumihimo.rooms.gateway.context import Gateway, Tenant
from kumihimo.run.gateway_open import within

app = App(name="mislink", help="ひも付け誤りの影響。 What wrong links had done.")

KINDS = {
    "given": "他機関へ提供 given",
    "seen": "別人が閲覧 seen",
    "taken": "別人の情報を受領 taken",
}


@app.command
def consequences(institution: str, case: str, *, config: Path) -> None:
    """誤って届いた先の一覧。 List who received wrong data and who saw another's, in one case.

    Parameters
    ----------
    institution
        機関。 The institution, such as lg-131032.
    case
        その機関の確認案件の番号。 The institution's own id of the case that corrected the links.
    config
        中間サーバーの設定ファイル。 The gateway's settings file.
    """

    async def found(gateway: Gateway, tenant: Tenant) -> tuple[Consequences, ...]:
        return await consequences_of_case(gateway, tenant, case)

    links = asyncio.run(within(config, institution, found))
    for link in links:
        for one in link.exchanges:
            at, sure = one.at.astimezone(JST), "" if one.certain else " (要確認 may be another's)"
            print(
                f"{at:%Y-%m-%d %H:%M}\t{KINDS[one.kind]}{sure}\t{one.institution}\t{one.affair}"
                f"\t{', '.join(one.items)}\t{one.reference}"
            )
        if link.leak:
            print(
                f"漏えい等報告 leak {link.leak.leak}\t{','.join(link.leak.types)}"
                f"\t速報 {link.leak.preliminary_due}\t確報 {link.leak.final_due}"
            )
    unready = sum(not link.ready for link in links)
    if unready:
        print(f"未確定 {unready} 件。 links not settled, or not worked out yet; ask again later.")
