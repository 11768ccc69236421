// The secret of a one-time link stands behind the #: it is put into the form here and leaves the address.
const field = document.querySelector("input[name=link]");
if (field && location.hash.length > 1) {
  field.value = location.hash.slice(1);
  field.closest("label").hidden = true;
  history.replaceState(null, "", location.pathname);
  document.querySelector("input[name=new]").focus();
}
