Frugal.addClaims('{"board":"climate-disinformation-offline-b4a2b5b9","claims":{"0":[4,1,1]}}');
