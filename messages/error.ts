/** What is told where nothing else works any more: without the site's own way to texts, since that may be what is broken. */
export const errorTexts = {
  title: "That did not work",
  fault:
    "Something went wrong on our side. If you were signed in, you still are, and nothing is lost.",
  unavailable:
    "The site cannot reach its database at the moment. If you were signed in, you still are, and nothing is lost. It usually takes a few seconds.",
  again: "Try again",
  home: "Go to the home page",
  reference: "If it stays, tell the site's owner this number: {requestId}",
  forbidden:
    "You are signed in, but this page needs the scope “{scope}”, which your account does not have. Ask the site's owner.",
};
