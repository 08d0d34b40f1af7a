"""The authorize page and the tokens."""

import urllib.parse
import uuid

from .refusal import Refused


class SigningIn:
    """A part of OtherFeishu."""

    def new_pair(self, open_id):
        access, refresh = "eyJ" + uuid.uuid4().hex * 40, "eyJr" + uuid.uuid4().hex * 40
        self.tokens[access], self.refresh[refresh] = open_id, open_id
        life = self.knobs["expires_in"]
        return {"code": 0, "access_token": access, "token_type": "Bearer",
                "expires_in": str(life) if self.knobs["numbers_as_text"] else life,
                "refresh_token": refresh, "refresh_token_expires_in": 604800,
                "scope": "offline_access calendar:calendar"}

    def token_call(self, body):
        if (body.get("client_id"), body.get("client_secret")) != (self.app_id, self.app_secret):
            raise Refused(20002)
        if body.get("grant_type") == "authorization_code":
            if body.get("code") not in self.codes:
                raise Refused(20003)
            asked = self.codes.pop(body["code"])
            if body.get("redirect_uri") != asked["redirect_uri"]:
                raise Refused(20071)
            if len(body.get("code_verifier", "")) < 43:
                raise Refused(20049)
            return self.new_pair(asked["user"])
        if body.get("grant_type") == "refresh_token":
            if body.get("refresh_token") not in self.refresh:
                raise Refused(20073)
            return self.new_pair(self.refresh.pop(body["refresh_token"]))
        raise Refused(20036)

    def authorize(self, query, user):
        if query.get("client_id") != self.app_id or query.get("response_type") != "code" or \
                query.get("code_challenge_method") != "S256" or not query.get("state"):
            self.complain(f"authorize: {query}")
        if "offline_access" not in query.get("scope", "").split():
            self.complain("offline_access is not asked for")
        code = uuid.uuid4().hex * 2
        self.codes[code] = {"redirect_uri": query["redirect_uri"], "user": user}
        return query["redirect_uri"] + "?" + urllib.parse.urlencode(
            {"code": code, "state": query["state"]})
