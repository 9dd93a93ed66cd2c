// Sends the form of a page that shows how far something has come, so that it goes on by itself.
document.querySelector("form.continues").submit();
