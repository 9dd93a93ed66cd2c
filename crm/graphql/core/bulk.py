"""The result of a mutation that changes many rows."""

import graphene


class BulkRefusal(graphene.ObjectType):
    """Why one row was left as it was."""

    id = graphene.ID(required=True)
    code = graphene.String(required=True)
    message = graphene.String(required=True)
    field = graphene.String()


class BulkResult(graphene.ObjectType):
    """How many rows changed and how many were so already, and which ones were refused."""

    done = graphene.Int(required=True)
    unchanged = graphene.Int(required=True)
    refused_count = graphene.Int(required=True)
    refused = graphene.List(graphene.NonNull(BulkRefusal), required=True)


def ids_argument(*, required: bool = True) -> graphene.Argument:
    return graphene.Argument(graphene.List(graphene.NonNull(graphene.ID)), required=required)
