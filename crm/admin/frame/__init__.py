"""The frame around every page of the admin: navigation, search, quick-add menu, home page, fragments.

The apps register what is theirs: entries of the navigation, records that the search finds, the home page.
"""
