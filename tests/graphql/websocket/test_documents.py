"""Documents named by hash, and registered ones, over the socket."""

from channels.db import database_sync_to_async

from crm.models import Company
from crm.services.registered_documents import NewDocument, register_documents
from tests.graphql.hashes import digest, extension, fresh, key_of
from tests.graphql.websocket.client import Client

NOT_FOUND = {"message": "PersistedQueryNotFound", "extensions": {"code": "PERSISTED_QUERY_NOT_FOUND"}}


async def named(client, id_, **payload):
    await client.send({"type": "subscribe", "id": id_, "payload": payload})
    return await client.receive()


async def test_document_is_named_by_hash_once_it_was_sent(agent):
    document = fresh()
    by_hash = {"extensions": extension(digest(document))}
    async with Client() as client:
        await client.open(agent.payload)

        assert await named(client, "a", **by_hash) == {"type": "error", "id": "a", "payload": [NOT_FOUND]}
        for id_, payload in (("b", {"query": document, **by_hash}), ("c", by_hash)):
            assert await named(client, id_, **payload) == {
                "type": "next",
                "id": id_,
                "payload": {"data": {key_of(document): "pong"}},
            }
            assert await client.receive() == {"type": "complete", "id": id_}


async def test_without_query_and_hash_the_message_is_invalid(agent):
    for extensions in (None, {}, {"persistedQuery": None}):
        async with Client() as client:
            await client.open(agent.payload)
            await client.send({"type": "subscribe", "id": "a", "payload": {"extensions": extensions}})

            assert await client.close_code() == 4400


async def test_subscription_that_is_not_registered_is_refused(agent):
    document = "subscription { thingUpdate { id } }"
    company = await Company.objects.aget(pk=agent.company.pk)
    await Company.objects.filter(pk=company.pk).aupdate(registered_documents_only=True)
    async with Client() as client:
        await client.open(agent.payload)

        refused = await named(client, "a", query=document)
        assert refused["type"] == "error"
        assert refused["payload"][0]["extensions"]["reason"] == "DOCUMENT_NOT_REGISTERED"

        new = NewDocument(digest=digest(document), name="things", text=document)
        await database_sync_to_async(register_documents)([new], company=company)
        await client.send(
            {"type": "subscribe", "id": "b", "payload": {"extensions": extension(digest(document))}}
        )
        await client.send({"type": "ping"})
        assert await client.receive() == {"type": "pong"}
