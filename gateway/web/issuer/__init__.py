"""Sign-in by an OpenID Connect issuer: the code flow with PKCE, for people.

pages       begun, answered, ended; the signer asked once more
flow        what is asked of the issuer, and the answer exchanged for a token
provider    where the issuer's services and keys are: fetched within bounds, remembered for an hour
tokens      whether a token is the issuer's, for us, for this very question, and still holds
claims      who that is here: role and site, by the tables of the settings
"""
