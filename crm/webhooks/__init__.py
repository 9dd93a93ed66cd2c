"""How a webhook is made and sent; what is sent to whom, and when, is for ``crm.services`` to say."""
