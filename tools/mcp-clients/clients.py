"""Runs the published Python clients that this interpreter has, against the server that run.mjs has started."""

import asyncio
import importlib.util
import json
import os
import sys
import traceback

URL, KEY = os.environ["PATCHBAY"], os.environ["KEY"]
FIRST, SECOND, DEAD = os.environ["ACCOUNTS"].split(",")
LIST, FILE = "spotdraft_list_contracts", "spotdraft_download_contract"


def headers(account):
    return {"Authorization": f"Bearer {KEY}", "x-account-id": account}


def check(condition, value):
    if not condition:
        raise AssertionError(repr(value)[:400])


async def prove(connect):
    """`connect` opens a client for accounts, and gives `list()` and `call(name, arguments)` to a function."""

    async def one(list_tools, call):
        names = await list_tools()
        check(len(names) > 20 and LIST in names, names)
        failed, texts, kinds = await call(LIST, {"query": {"limit": 2}})
        check(not failed and json.loads(texts[0])["data"], texts)
        failed, texts, kinds = await call(FILE, {"path": {"composite_id": "T-999999"}})
        check(failed, texts)
        failed, texts, kinds = await call(FILE, {"path": {"composite_id": "T-42"}})
        check("resource" in kinds, kinds)

    async def three(list_tools, call):
        check(LIST in await list_tools(), "the list")
        for account in [FIRST, SECOND]:
            failed, texts, _ = await call(LIST, {"account_id": account, "query": {"limit": 1}})
            check(not failed, texts)
        failed, texts, _ = await call(LIST, {"account_id": DEAD})
        check(failed and "suspended" in " ".join(texts), texts)

    await connect(FIRST, one)
    await connect(",".join([FIRST, SECOND, DEAD]), three)


def parts(result):
    failed = result.is_error if hasattr(result, "is_error") else result.isError
    return failed, [part.text for part in result.content if part.type == "text"], [part.type for part in result.content]


async def mcp_1(account, work):
    from mcp import ClientSession
    from mcp.client.streamable_http import streamablehttp_client

    async with streamablehttp_client(f"{URL}/mcp", headers=headers(account)) as streams:
        async with ClientSession(streams[0], streams[1]) as session:
            await session.initialize()

            async def list_tools():
                return [tool.name for tool in (await session.list_tools()).tools]

            async def call(name, arguments):
                return parts(await session.call_tool(name, arguments))

            await work(list_tools, call)


async def mcp_2(account, work):
    import httpx2
    from mcp import Client
    from mcp.client.streamable_http import streamable_http_client

    async with httpx2.AsyncClient(headers=headers(account), timeout=60) as http:
        async with Client(streamable_http_client(f"{URL}/mcp", http_client=http)) as client:

            async def list_tools():
                return [tool.name for tool in (await client.list_tools()).tools]

            async def call(name, arguments):
                return parts(await client.call_tool(name, arguments))

            await work(list_tools, call)


async def fastmcp(account, work):
    from fastmcp import Client
    from fastmcp.client.transports import StreamableHttpTransport

    async with Client(StreamableHttpTransport(f"{URL}/mcp", headers=headers(account))) as client:

        async def list_tools():
            return [tool.name for tool in await client.list_tools()]

        async def call(name, arguments):
            return parts(await client.call_tool(name, arguments, raise_on_error=False))

        await work(list_tools, call)


async def openai_agents(account, work):
    from agents.mcp import MCPServerStreamableHttp

    async with MCPServerStreamableHttp(params={"url": f"{URL}/mcp", "headers": headers(account)}) as server:

        async def list_tools():
            return [tool.name for tool in await server.list_tools()]

        async def call(name, arguments):
            return parts(await server.call_tool(name, arguments))

        await work(list_tools, call)


async def stackone_ai():
    from stackone_ai import StackOneToolSet

    def run():
        toolset = StackOneToolSet(api_key=KEY, base_url=URL)
        tools = toolset.fetch_tools(account_ids=[FIRST, SECOND])
        names = [tool.name for tool in tools]
        check(LIST in names, names)
        one = StackOneToolSet(api_key=KEY, base_url=URL).fetch_tools(account_ids=[FIRST])
        answer = one.get_tool(LIST).execute({"query_limit": 2})
        check(answer["data"], answer)

    await asyncio.to_thread(run)


async def main():
    is_old = importlib.util.find_spec("mcp.client.client") is None
    found = [
        ("mcp", "mcp 1.x" if is_old else "mcp 2.x", lambda: prove(mcp_1 if is_old else mcp_2)),
        ("fastmcp", "fastmcp", lambda: prove(fastmcp)),
        ("agents", "openai-agents", lambda: prove(openai_agents)),
        ("stackone_ai", "stackone-ai", stackone_ai),
    ]
    failed = 0
    for module, name, proof in found:
        if importlib.util.find_spec(module) is None:
            continue
        try:
            await asyncio.wait_for(proof(), 60)
            print(f"ok   {name}", flush=True)
        except Exception:
            failed += 1
            print(f"FAIL {name}", flush=True)
            traceback.print_exc()
    return failed


sys.exit(asyncio.run(main()))
